package conntest

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"rongtong/schemas/record"
)

// updates: a record that changes in the source is delivered again.
func updates(tb testing.TB, w World) error {
	s := w.Start(tb)
	u, ok := s.(Updater)
	if !ok {
		return errors.New("the site cannot Update and the world does not exempt this check")
	}
	return changes(tb, w, s, u.Update, record.Upsert)
}

// deletes: a record that disappears from the source is delivered as a deletion.
func deletes(tb testing.TB, w World) error {
	s := w.Start(tb)
	d, ok := s.(Deleter)
	if !ok {
		return errors.New("the site cannot Delete and the world does not exempt this check")
	}
	return changes(tb, w, s, d.Delete, record.Delete)
}

// changes reads everything, lets the source change, and looks at the last
// record of every changed key among what follows.
func changes(tb testing.TB, w World, s Site, change func(testing.TB) []Event, op record.Op) error {
	ctx, stop := limited()
	defer stop()
	r, closeBoth, err := open(ctx, w, s, nil)
	if err != nil {
		return err
	}
	_, r.done = s.(Sender)
	if err := r.rest(ctx, tb, s); err != nil {
		return closeAll(err, closeBoth)
	}
	before, pos := len(r.rows), r.stops[len(r.stops)-1].pos
	want := change(tb)
	if len(want) == 0 {
		return closeAll(errors.New("the world changed nothing"), closeBoth)
	}
	r.done = false
	if err := closeAll(r.rest(ctx, tb, s), closeBoth); err != nil {
		return fmt.Errorf("reading on after the change: %w", err)
	}
	if err := arrived(r.rows[before:], want, op); err != nil {
		return fmt.Errorf("the open source: %w", err)
	}
	fresh, err := all(tb, w, s, pos, false)
	if err != nil {
		return fmt.Errorf("from the position before the change: %w", err)
	}
	if err := arrived(fresh.rows, want, op); err != nil {
		return fmt.Errorf("from the position before the change: %w", err)
	}
	return nil
}

// arrived checks that the last record of each key is the event that was wanted.
func arrived(rows []row, want []Event, op record.Op) error {
	last := map[string]row{}
	for _, r := range rows {
		last[r.key] = r
	}
	for i, e := range want {
		r, ok := last[e.Key]
		switch {
		case !ok:
			return fmt.Errorf("change %d of %d never came, among %d records", i+1, len(want), len(rows))
		case r.op != op:
			return fmt.Errorf("change %d of %d came as another operation (%d) at %q", i+1, len(want), r.op, r.place)
		}
		fields, err := rawFields(r.value)
		if err != nil {
			return err
		}
		for f, v := range e.With {
			if string(fields[f]) != v {
				return fmt.Errorf("change %d of %d has another value in field %q at %q", i+1, len(want), f, r.place)
			}
		}
	}
	return nil
}

func rawFields(value string) (map[string]json.RawMessage, error) {
	var fields map[string]json.RawMessage
	err := json.Unmarshal([]byte(value), &fields)
	return fields, err
}

// types: every type of the protocol becomes what is documented, byte for byte.
func types(tb testing.TB, w World) error {
	t, ok := w.(TypedWorld)
	if !ok {
		return errors.New("the world has no StartTypes and does not exempt this check")
	}
	s, want := t.StartTypes(tb)
	if len(want) == 0 {
		return errors.New("the world names no type")
	}
	r, err := all(tb, w, s, nil, false)
	if err != nil {
		return err
	}
	byKey := map[string]row{}
	for _, x := range r.rows {
		byKey[x.key] = x
	}
	var wrong []error
	for _, x := range want {
		fields, err := rawFields(byKey[x.Key].value)
		if err != nil {
			wrong = append(wrong, fmt.Errorf("%s: the record of it was not read", x.Type))
			continue
		}
		if got := string(fields[x.Field]); got != x.JSON {
			wrong = append(wrong, fmt.Errorf("%s: %s became %s, want %s", x.Type, x.Field, got, x.JSON))
		}
	}
	return errors.Join(wrong...)
}
