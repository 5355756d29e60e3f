package transforms

import (
	"encoding/json"
	"testing"

	"github.com/apache/arrow/go/v17/arrow/memory"

	"rongtong/schemas/record"
)

// TestExamine: of every declared case, what Apply reports is among what Examine
// finds; what Apply accepts has no finding; and Examine finds more than one.
func TestExamine(t *testing.T) {
	for _, sys := range shipped().Systems {
		seen := map[string]int{}
		for _, f := range sys.Flows {
			p, _ := flowOf(t, sys.System, f.Stream, seen[f.Stream])
			seen[f.Stream]++
			for _, c := range f.Cases {
				b, other := NewBatch(memory.DefaultAllocator, p), NewBatch(memory.DefaultAllocator, p)
				defer b.Release()
				defer other.Release()
				value, err := json.Marshal(c.In)
				if err != nil {
					t.Fatal(err)
				}
				var chunk record.Chunk
				chunk.Append(record.Envelope{Value: value, At: caseTime, Offset: -1})
				found := p.Examine(other, &chunk.Rows[0])
				rejects := p.Apply(b, &chunk)
				if len(rejects) == 0 {
					if len(found) > 0 {
						t.Errorf("%s, case %q: accepted, and Examine finds %+v", sys.System, c.Name, found)
					}
					continue
				}
				same := false
				for _, x := range found {
					same = same || x.Field == rejects[0].Field && x.Rule == rejects[0].Rule && x.Zh == rejects[0].ReasonZh
				}
				if !same {
					t.Errorf("%s, case %q: Apply says %s %s, Examine %+v", sys.System, c.Name, rejects[0].Field, rejects[0].Rule, found)
				}
			}
		}
	}
	p, _ := flowOf(t, "village_forms", "measure", 0)
	b := NewBatch(memory.DefaultAllocator, p)
	defer b.Release()
	var chunk record.Chunk
	chunk.Append(record.Envelope{Value: []byte(`{"submission_id":"s","village":"1","measure":"x","period":"y","value":"z","device_time":""}`), At: caseTime, Offset: -1})
	if found := p.Examine(b, &chunk.Rows[0]); len(found) < 4 {
		t.Errorf("%+v", found)
	}
}
