package pipelines

import (
	"context"
	"encoding/json"
	"fmt"
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

// returnRetention is how long a delivery waits for its division: ninety days.
// Nobody's offsets hold these topics, so without a limit they would only grow.
const returnRetention = "7776000000"

// deliver sends every division its summary for a business date: how many fused
// rows the province holds about its territory, as of that date. A date goes out
// once: the date already delivered is the position, and it moves in the same
// transaction as the deliveries.
func (j *Jobs) deliver(ctx context.Context, r *Run) (string, error) {
	date := r.Date
	if date == "" {
		date = time.Now().AddDate(0, 0, -1).Format(time.DateOnly)
	}
	if _, err := time.Parse(time.DateOnly, date); err != nil {
		return "", fault.Hint(fault.Config, "write YYYY-MM-DD", "reading the business date %q: %w", date, err)
	}
	if r.Dry {
		return j.deliverDry(ctx, r, date)
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
	counts, err := j.Warehouse.TerritoryCounts(ctx, j.Catalog)
	if err != nil {
		return "", err
	}
	txn := p.Begin()
	known := map[string]bool{}
	for _, c := range counts {
		topic := ReturnTopic(c.Division[:4]+"00", "summary")
		if !known[topic] {
			if err := j.Kafka.Ensure(ctx, []topics.Topic{{Name: topic, Partitions: 1, Configs: map[string]string{"retention.ms": returnRetention}}}); err != nil {
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

// deliverDry says what deliver would do about a date.
func (j *Jobs) deliverDry(ctx context.Context, r *Run, date string) (string, error) {
	return "", r.Step(ctx, "deliver/"+date, func(ctx context.Context) (Did, error) {
		done, err := j.Kafka.LoadPosition(ctx, positions, returnGroup, positions)
		if err != nil || string(done) >= date {
			return Did{Nothing: true}, err
		}
		counts, err := j.Warehouse.TerritoryCounts(ctx, j.Catalog)
		return Did{Out: int64(len(counts)), Detail: fmt.Sprintf("%d divisions would get their summary", len(counts))}, err
	})
}
