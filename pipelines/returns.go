package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"rongtong/pipelines/topics"
	"rongtong/schemas/fault"
)

// delivery is one record of the return flow: what a division gets back about
// its own territory. Its ID depends on what it says alone, so a repetition is
// the same delivery.
type delivery struct {
	ID       string `json:"delivery_id"`
	Division string `json:"division"`
	Dataset  string `json:"dataset"`
	Rows     uint64 `json:"rows"` // fused rows about the division's own territory
	Date     string `json:"business_date"`
}

// ReturnTopic carries a city's deliveries, keyed by division.
func ReturnTopic(city6, dataset string) string { return "return." + city6 + "." + dataset }

const returnGroup = "return.summary"

// deliver sends every division its summary for a business date: how many fused
// rows the province holds about its territory, as of that date. A date goes out
// once: the date already delivered is the position, and it moves in the same
// transaction as the deliveries.
func (j *Jobs) deliver(ctx context.Context, r Request) (string, error) {
	date := r.Date
	if date == "" {
		date = time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return "", fault.Hint(fault.Config, "write YYYY-MM-DD", "reading the business date %q: %w", date, err)
	}
	p, err := j.Kafka.Producer(ctx, returnGroup)
	if err != nil {
		return "", err
	}
	defer p.Close()
	done, err := j.Kafka.LoadPosition(ctx, positions, returnGroup, positions)
	if err != nil {
		return "", err
	}
	if string(done) >= date {
		return fmt.Sprintf("business date %s was delivered before (the last is %s)", date, done), nil
	}
	counts, err := j.territories(ctx)
	if err != nil {
		return "", err
	}
	txn := p.Begin()
	known := map[string]bool{}
	for _, c := range counts {
		topic := ReturnTopic(c.Division[:4]+"00", "summary")
		if !known[topic] {
			if err := j.Kafka.Ensure(ctx, []topics.Topic{{Name: topic, Partitions: 1}}); err != nil {
				return "", err
			}
			known[topic] = true
		}
		value, err := json.Marshal(delivery{"summary:" + c.Division + ":" + date, c.Division, "summary", c.Rows, date})
		if err != nil {
			return "", err
		}
		txn.Append(topic, 0, topics.Record{Key: []byte(c.Division), Value: value})
	}
	if err := txn.SavePosition(ctx, positions, returnGroup, positions, []byte(date)); err != nil {
		return "", err
	}
	if err := txn.Commit(ctx); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d divisions, business date %s", len(counts), date), nil
}

// territory is a division and the number of fused rows about it and all that
// lies in it.
type territory struct {
	Division string
	Rows     uint64
}

// territories counts the fused rows of every entity that lies in divisions,
// for every division of the register, ordered by code.
func (j *Jobs) territories(ctx context.Context) ([]territory, error) {
	var parts []string
	for _, e := range j.Catalog.Entities {
		if col := e.Division.Column; col != "" {
			parts = append(parts, fmt.Sprintf("SELECT toString(assumeNotNull(%s)) AS division_code, count() AS n FROM dwd.%s GROUP BY division_code", col, e.Entity))
		}
	}
	rows, err := j.Warehouse.Query(ctx, `SELECT toString(p.ancestor_code) AS division, sum(n) AS total
		FROM (`+strings.Join(parts, " UNION ALL ")+`) AS c
		INNER JOIN dwd.division_path AS p ON toString(p.division_code) = c.division_code
		GROUP BY division ORDER BY division`)
	if err != nil {
		return nil, fmt.Errorf("counting what is held about each division: %w", err)
	}
	defer rows.Close()
	var out []territory
	for rows.Next() {
		var t territory
		if err := rows.Scan(&t.Division, &t.Rows); err != nil {
			return nil, fmt.Errorf("counting what is held about each division: %w", err)
		}
		out = append(out, t)
	}
	return out, rows.Err()
}
