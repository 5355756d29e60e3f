// Package divisions holds the register of administrative divisions that every
// code is checked against and every denominator is counted from: 64,095
// divisions of Shandong with statistical codes, snapshot 2023-06-30, and the
// recorded changes. PROVENANCE.md says where the files come from.
//
// A code is twelve digits: province 2, city 2, county 2, township 3, village 3,
// padded with zeros. Sorted by code, a division stands directly before
// everything inside it; the register relies on that order throughout.
package divisions

import (
	"bytes"
	_ "embed"
	"fmt"
	"iter"
	"math/bits"
	"sort"
	"sync"
	"unsafe"

	"github.com/klauspost/compress/zstd"
)

// Version names the snapshot; every indicator value records it beside its
// denominator, because the same province has other counts in other registers.
const Version = "nbs-2023-06-30"

// CodeSystem is the code system of the register's codes. Codes of other
// systems (the Ministry of Civil Affairs' "mca9", say) may be equal in digits
// and mean another place; they must not be looked up here unconverted.
const CodeSystem = "nbs12"

// Tiers, from the top. They are the codes of schemas/tiers.yaml.
const (
	Province = "P"
	City     = "C"
	County   = "X"
	Township = "T"
	Village  = "V"
)

// Kinds of division. Only civil ones are divisions in law.
const (
	Civil         = "civil"
	Statistical   = "statistical"    // county unit that statistics made up (county part 70–80): 15 in Shandong
	QuasiTownship = "quasi_township" // township part 400–599: a development zone, say
	QuasiVillage  = "quasi_village"  // village part 400–599
	Virtual       = "virtual"        // village part 498 or 598: fills a township without villages; in no denominator
)

// Classes of village, from the code's last three digits. A virtual unit has
// the class of its number as well.
const (
	ResidentsCommittee = "residents_committee" // 001–199 居民委员会
	VillageCommittee   = "village_committee"   // 200–399 村民委员会
	QuasiResidents     = "quasi_residents"     // 400–499 类似居委会
	QuasiVillageClass  = "quasi_village"       // 500–599 类似村委会
)

// Division is one entry of the register.
type Division struct {
	Code         string `json:"code"`             // 12 digits
	Name         string `json:"name"`             // as the register writes it, not normalised
	Tier         string `json:"tier"`             // "P", "C", "X", "T" or "V"
	Parent       string `json:"parent,omitempty"` // code of the parent; empty for the province
	Kind         string `json:"kind"`
	VillageClass string `json:"village_class,omitempty"` // empty above village tier
	Index        int    `json:"-"`                       // place in the register, in order of codes
	ParentIndex  int    `json:"-"`                       // -1 for the province
}

// Register is the loaded register. It is immutable and safe for concurrent use.
type Register struct {
	codes  []uint64 // ascending
	county []int32  // where the codes of each county begin, by the first six digits less those of the first code
	set    []uint64 // the codes in a hash table, 0 for an empty place; its size is a power of two
	parent []int32
	name   []uint32 // name[i]:name[i+1] in names
	text   string   // all codes, 12 bytes each
	names  string
}

//go:embed register.csv.zst
var registerZst []byte

//go:embed division_history_sd.csv
var countyHistory []byte

//go:embed township_changes_sd.csv
var townshipChanges []byte

// RegisterCSV returns the register's original file, UTF-8, with the header
// division_code,name,tier,parent_code. Every call decompresses it anew (3.6 MB);
// the caller owns the result. It panics when the file built into the binary is
// damaged: nothing that anybody could do at run time would mend that.
func RegisterCSV() []byte {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		panic(fmt.Sprintf("divisions: opening the built-in register: %v", err))
	}
	defer d.Close()
	out, err := d.DecodeAll(registerZst, make([]byte, 0, 4<<20))
	if err != nil {
		panic(fmt.Sprintf("divisions: decompressing the built-in register: %v", err))
	}
	return out
}

// CountyHistoryCSV returns the 84 recorded code changes of counties and above,
// 2000–2020. The caller owns the copy.
func CountyHistoryCSV() []byte { return bytes.Clone(countyHistory) }

// TownshipChangesCSV returns the 119 recorded township changes, 2014–2021, in
// the codes of the Ministry of Civil Affairs. The caller owns the copy.
func TownshipChangesCSV() []byte { return bytes.Clone(townshipChanges) }

var load = sync.OnceValues(func() (*Register, error) { return parse(RegisterCSV()) })

// Load returns the register that is shipped with the binary. The first call
// reads it, later calls share it.
func Load() (*Register, error) { return load() }

type line struct {
	code, parent uint64
	name         []byte
}

// parse reads the register's CSV. It holds no quotes, so that splitting at
// commas is exact; a quote is an error rather than a guess.
func parse(data []byte) (*Register, error) {
	lines, total, err := readLines(data)
	if err != nil {
		return nil, err
	}
	sort.Slice(lines, func(i, j int) bool { return lines[i].code < lines[j].code })
	r := &Register{
		codes:  make([]uint64, len(lines)),
		parent: make([]int32, len(lines)),
		name:   make([]uint32, len(lines)+1),
	}
	names := make([]byte, 0, total)
	text := make([]byte, 0, 12*len(lines))
	for i, l := range lines {
		if i > 0 && lines[i-1].code == l.code {
			return nil, fmt.Errorf("reading the division register: code %d appears twice", l.code)
		}
		r.codes[i] = l.code
		r.name[i] = uint32(len(names))
		names = append(names, l.name...)
		text = appendCode(text, l.code)
		r.parent[i] = -1
		if l.parent != 0 {
			p, ok := r.find(l.parent, i)
			if !ok {
				return nil, fmt.Errorf("reading the division register: %d has no parent %d", l.code, l.parent)
			}
			r.parent[i] = int32(p)
		}
	}
	r.name[len(lines)] = uint32(len(names))
	r.names, r.text = string(names), string(text)
	r.index()
	return r, nil
}

// index notes where each county begins, so that a search stays within one.
func (r *Register) index() {
	if len(r.codes) == 0 {
		return
	}
	first := r.codes[0] / 1e6
	r.county = make([]int32, r.codes[len(r.codes)-1]/1e6-first+2)
	for i, next := 0, 0; i < len(r.county); i++ {
		for next < len(r.codes) && r.codes[next]/1e6-first < uint64(i) {
			next++
		}
		r.county[i] = int32(next)
	}
	r.set = make([]uint64, 1<<bits.Len(uint(2*len(r.codes))))
	for _, c := range r.codes {
		at := r.place(c)
		for r.set[at] != 0 {
			at = (at + 1) & (len(r.set) - 1)
		}
		r.set[at] = c
	}
}

// place is where a code belongs in the set.
func (r *Register) place(code uint64) int {
	return int(code*0x9e3779b97f4a7c15>>32) & (len(r.set) - 1)
}

// has is find for those who need no place: it is asked for every row.
func (r *Register) has(code uint64) bool {
	if len(r.set) == 0 || code == 0 {
		return false
	}
	for at := r.place(code); r.set[at] != 0; at = (at + 1) & (len(r.set) - 1) {
		if r.set[at] == code {
			return true
		}
	}
	return false
}

func readLines(data []byte) (lines []line, nameBytes int, err error) {
	_, data, _ = bytes.Cut(data, []byte("\n")) // header
	lines = make([]line, 0, 1<<16)
	for n := 2; len(data) > 0; n++ {
		var row []byte
		row, data, _ = bytes.Cut(data, []byte("\n"))
		code, rest, ok1 := bytes.Cut(row, []byte(","))
		name, rest, ok2 := bytes.Cut(rest, []byte(","))
		_, parent, ok3 := bytes.Cut(rest, []byte(","))
		c, ok4 := number(code)
		p, ok5 := number(parent)
		if !ok1 || !ok2 || !ok3 || !ok4 || !(ok5 || len(parent) == 0) || bytes.IndexByte(row, '"') >= 0 {
			return nil, 0, fmt.Errorf("reading the division register: line %d is not code,name,tier,parent", n)
		}
		lines = append(lines, line{c, p, name})
		nameBytes += len(name)
	}
	return lines, nameBytes, nil
}

// number reads exactly twelve digits.
func number[T string | []byte](s T) (uint64, bool) {
	if len(s) != 12 {
		return 0, false
	}
	var n uint64
	for i := range 12 {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + uint64(d)
	}
	return n, true
}

// appendCode writes a code's twelve digits.
func appendCode(dst []byte, code uint64) []byte {
	for div := uint64(1e11); div > 0; div /= 10 {
		dst = append(dst, '0'+byte(code/div%10))
	}
	return dst
}

// find searches the first n codes.
func (r *Register) find(code uint64, n int) (int, bool) {
	lo, hi := 0, n
	if n == len(r.codes) && len(r.county) > 0 {
		// A code below the first one wraps to a county beyond the last.
		if at := code/1e6 - r.codes[0]/1e6; at < uint64(len(r.county)-1) {
			lo, hi = int(r.county[at]), int(r.county[at+1])
		}
	}
	for lo < hi {
		m := int(uint(lo+hi) >> 1)
		if r.codes[m] < code {
			lo = m + 1
		} else {
			hi = m
		}
	}
	return lo, lo < n && r.codes[lo] == code
}

// Len is the number of divisions.
func (r *Register) Len() int { return len(r.codes) }

// At returns the division at a place in the register, 0 ≤ i < Len.
func (r *Register) At(i int) Division {
	code := r.text[12*i : 12*i+12]
	d := Division{
		Code:         code,
		Name:         r.names[r.name[i]:r.name[i+1]],
		Tier:         TierOf(code),
		Kind:         KindOf(code),
		VillageClass: VillageClassOf(code),
		Index:        i,
		ParentIndex:  int(r.parent[i]),
	}
	if d.ParentIndex >= 0 {
		d.Parent = r.text[12*d.ParentIndex : 12*d.ParentIndex+12]
	}
	return d
}

// Lookup finds a division by its 12-digit code, without allocating.
func (r *Register) Lookup(code string) (Division, bool) {
	n, ok := number(code)
	if !ok {
		return Division{}, false
	}
	i, ok := r.find(n, len(r.codes))
	if !ok {
		return Division{}, false
	}
	return r.At(i), true
}

// LookupBytes is Lookup for a byte slice; nothing of the result refers to it.
func (r *Register) LookupBytes(code []byte) (Division, bool) {
	return r.Lookup(unsafe.String(unsafe.SliceData(code), len(code)))
}

// Has reports whether the register holds the 12-digit code.
func (r *Register) Has(code string) bool {
	n, ok := number(code)
	if !ok {
		return false
	}
	return r.has(n)
}

// Up returns the division of the tier that holds the code, or the division
// itself if it is of that tier. It is false when the code is unknown or stands
// above the tier.
func (r *Register) Up(code, tier string) (Division, bool) {
	d, ok := r.Lookup(code)
	for ok && d.Tier != tier {
		if d.ParentIndex < 0 {
			return Division{}, false
		}
		d = r.At(d.ParentIndex)
	}
	return d, ok
}

// Within yields the division and everything inside it, in order of codes.
// It yields nothing for an unknown code.
func (r *Register) Within(code string) iter.Seq[Division] {
	return func(yield func(Division) bool) {
		n, ok := number(code)
		if !ok {
			return
		}
		i, ok := r.find(n, len(r.codes))
		if !ok {
			return
		}
		for end := n + span(code); i < len(r.codes) && r.codes[i] < end; i++ {
			if !yield(r.At(i)) {
				return
			}
		}
	}
}

// Children yields the divisions directly below, in order of codes.
func (r *Register) Children(code string) iter.Seq[Division] {
	return func(yield func(Division) bool) {
		for d := range r.Within(code) {
			if d.Parent == code && !yield(d) {
				return
			}
		}
	}
}

// All yields every division of a tier, in order of codes; every division of
// the register for the empty tier.
func (r *Register) All(tier string) iter.Seq[Division] {
	return func(yield func(Division) bool) {
		for i := range r.codes {
			if tier != "" && TierOf(r.text[12*i:12*i+12]) != tier {
				continue
			}
			if !yield(r.At(i)) {
				return
			}
		}
	}
}
