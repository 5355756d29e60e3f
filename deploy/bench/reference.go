// Package bench measures the fast path on the real thing: a broker and an
// engine as processes of their own, a plan compiled from declarations, and the
// loader that production runs. Beside it, in the same run and interleaved, runs
// a row-wise sink as most Go programs are written: the fixed point that makes
// figures of a shared machine comparable.
package bench

import (
	"embed"
	"fmt"
	"io/fs"
	"strconv"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/systems"
	"rongtong/schemas"
	"rongtong/schemas/divisions"
	"rongtong/schemas/record"
)

//go:embed reference
var declarations embed.FS

// Declarations are the entity bench_event and the system bench of the reference
// workload, to be laid over the shipped ones.
func Declarations() fs.FS {
	sub, err := fs.Sub(declarations, "reference")
	if err != nil {
		panic("bench: the declarations are compiled in: " + err.Error())
	}
	return sub
}

// Reference returns the catalogue with the reference workload in it, and its
// compiled stream.
func Reference() (*schemas.Catalog, *pipelines.Stream, error) {
	c, problems := schemas.Load(schemas.FS, systems.FS, Declarations())
	if len(problems) > 0 {
		return nil, nil, fmt.Errorf("reading the declarations of the benchmark: %v", problems)
	}
	streams, problems := pipelines.Compile(c)
	if len(problems) > 0 {
		return nil, nil, fmt.Errorf("compiling the flow of the benchmark: %v", problems)
	}
	for _, s := range streams {
		if s.System.System == "bench" {
			return c, s, nil
		}
	}
	return nil, nil, fmt.Errorf("compiling the flow of the benchmark: its system is missing")
}

// Rows makes the records of the reference workload: about 560 bytes of JSON
// with 20 fields, a third of the bytes Chinese text. Row i is the same in every
// run.
type Rows struct {
	villages []string
	buf      []byte
	key      []byte
}

// NewRows prepares the register's villages, in which the events happen.
func NewRows() (*Rows, error) {
	reg, err := divisions.Load()
	if err != nil {
		return nil, err
	}
	r := &Rows{}
	for d := range reg.All(divisions.Village) {
		if d.Kind == divisions.Civil {
			r.villages = append(r.villages, d.Code)
		}
	}
	return r, nil
}

var (
	categories = [...]string{"环境卫生", "公共设施", "安全隐患", "消防安全", "社会治安"}
	outcomes   = [...]string{"已办结", "已转办", "办理中", "不予受理", "无需处置"}
	tiers      = [...]string{"乡镇（街道）", "村（社区）", "镇街", "市级"}
	severities = [...]string{"阻断", "警告", "提示"}
	channels   = [...]string{"办事大厅", "政务服务网", "爱山东APP", "自助终端"}
	facilities = [...]string{"便民服务中心", "社工站", "综治中心", "养老", "卫生室（站）", "文化活动场所"}
	streets    = [...]string{"解放路", "泉城路", "经十路", "历山路", "文化东路", "和平路", "山大路", "花园路"}
	subjects   = [...]string{"井盖破损需要更换", "楼道堆放杂物", "路灯不亮影响出行", "污水外溢", "电动车飞线充电", "健身器材松动"}
)

// Row returns key and value of row i; both are valid until the next call.
func (r *Rows) Row(i int) (key, value []byte) {
	// A mixed counter: neighbours differ in everything, as they do in real life.
	h := uint64(i)*0x9e3779b97f4a7c15 ^ uint64(i)>>7
	pick := func(n int) int {
		h ^= h >> 29
		h *= 0xbf58476d1ce4e5b9
		return int(h>>33) % n
	}
	village, street := r.villages[pick(len(r.villages))], streets[pick(len(streets))]
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(pick(360*86400)) * time.Second)
	r.key = fmt.Appendf(r.key[:0], "SJ2025%010d", i)
	b := append(r.buf[:0], `{"serial":`...)
	b = strconv.AppendInt(b, int64(10_000_000+i), 10) // 999999 would be a placeholder
	b = append(b, `,"event_id":"`...)
	b = append(b, r.key...)
	b = fmt.Appendf(b, `","title":"%s第%d网格%s","address":"%s街道%s%d号%d单元","org_name":"%s街道综合行政执法办公室","remark":"责任单位限%d日内处理"`,
		street, 1+pick(40), subjects[pick(len(subjects))], street, street, 1+pick(300), 1+pick(9), street, 1+pick(9))
	b = fmt.Appendf(b, `,"division":"%s","category":"%s","outcome":"%s","tier":"%s","severity":"%s","channel":"%s","facility":"%s"`,
		village, categories[pick(len(categories))], outcomes[pick(len(outcomes))], tiers[pick(len(tiers))],
		severities[pick(len(severities))], channels[pick(len(channels))], facilities[pick(len(facilities))])
	b = append(b, `,"reported_at":"`...)
	b = at.AppendFormat(b, "2006-01-02 15:04:05.000")
	b = append(b, `","closed_at":"`...)
	b = at.Add(time.Duration(pick(9*86400))*time.Second).AppendFormat(b, "2006-01-02 15:04:05.000")
	b = fmt.Appendf(b, `","amount":"%d.%04d","area":"%d.%02d","score":%d.%d,"households":%d,"urgency":%d}`,
		pick(90000), pick(10000), pick(900), pick(100), pick(100), pick(10), pick(2000), pick(10))
	r.buf = b
	return r.key, b
}

// Chunk makes n rows as the loader would hold them.
func (r *Rows) Chunk(n int) *record.Chunk {
	c := &record.Chunk{System: "bench", Stream: "event", Topic: pipelines.Topic("bench", "event"), Partition: 1}
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	for i := range n {
		key, value := r.Row(i)
		c.Append(record.Envelope{Key: key, Value: value, At: at, Arrived: at, Offset: int64(i), Place: place(i)})
	}
	return c
}

func place(i int) string { return "seq " + strconv.Itoa(i) }
