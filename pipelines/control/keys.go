package control

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"time"

	"rongtong/pipelines"
	"rongtong/pipelines/deidentify"
	"rongtong/schemas/fault"
)

// KeyInfo says of a key all but its secret.
type KeyInfo struct {
	Use     string `json:"use"`
	Purpose string `json:"purpose,omitempty"`
	Version int    `json:"version"`
	Created string `json:"created"`
	Check   string `json:"check"` // equal for equal secrets
	InForce bool   `json:"in_force"`
}

func infoOf(r *deidentify.Ring, keys []*deidentify.Key) []KeyInfo {
	out := make([]KeyInfo, 0, len(keys))
	for _, k := range keys {
		newest, _ := r.Newest(k.Use, k.Purpose)
		out = append(out, KeyInfo{k.Use, k.Purpose, k.Version, k.Created, k.Check(), newest == k})
	}
	return out
}

// Keys lists the keys that the options name.
func Keys(o Options) ([]KeyInfo, error) {
	if o.Keys == "" {
		return nil, fault.Hint(fault.Config, "give --keys /path or set RONGTONG_KEYS", "listing the keys: no place is given")
	}
	r, err := deidentify.Load(o.Keys)
	if err != nil {
		return nil, err
	}
	return infoOf(r, r.Keys()), nil
}

var purposeForm = regexp.MustCompile(`^[a-z]{2,12}$`)

// NewKeys makes a key file, or adds purposes to one, and returns what was added.
func NewKeys(file string, purposes []string) ([]KeyInfo, error) {
	for _, p := range purposes {
		if !purposeForm.MatchString(p) {
			return nil, fault.Hint(fault.Config, "two to twelve small letters, such as cw", "making keys: %q is no purpose", p)
		}
	}
	var ring *deidentify.Ring
	if _, err := os.Stat(file); !errors.Is(err, fs.ErrNotExist) {
		if ring, err = deidentify.Load(file); err != nil {
			return nil, err
		}
	}
	purposes = slices.DeleteFunc(slices.Clone(purposes), func(p string) bool { return slices.Contains(ring.Purposes(), p) })
	now, added, err := ring.Add(purposes, time.Now())
	if err != nil {
		return nil, err
	}
	if len(added) == 0 {
		return nil, fault.Hint(fault.Config, "to change keys: rongtong keys rotate --file "+file, "making keys: %q has them already", file)
	}
	return infoOf(now, added), now.Write(file)
}

// RotateKeys adds a version of each key of the purposes, of all when none is
// named, and of the landing key, and returns what was added.
func RotateKeys(file string, purposes []string) ([]KeyInfo, error) {
	ring, err := deidentify.Load(file)
	if err != nil {
		return nil, err
	}
	for _, p := range purposes {
		if _, err := ring.Newest(deidentify.ForPseudonym, p); err != nil {
			return nil, err
		}
	}
	if len(purposes) == 0 {
		purposes = ring.Purposes()
	}
	now, added, err := ring.Rotate(purposes, time.Now())
	if err != nil {
		return nil, err
	}
	return infoOf(now, added), now.Write(file)
}

// RekeyPseudonyms takes stored pseudonyms over to the keys in force.
func RekeyPseudonyms(ctx context.Context, o Options, dry bool) (pipelines.Rekeyed, error) {
	d, err := o.live(ctx)
	if err != nil {
		return pipelines.Rekeyed{}, err
	}
	ring, err := deidentify.Load(o.Keys)
	if err != nil {
		return pipelines.Rekeyed{}, err
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return pipelines.Rekeyed{}, err
	}
	defer k.Close()
	w, err := o.warehouse(ctx)
	if err != nil {
		return pipelines.Rekeyed{}, err
	}
	defer w.Close()
	r := &pipelines.Rekey{Kafka: k, Warehouse: w, Ring: ring, Streams: d.Streams, Log: o.Log, DryRun: dry}
	return r.Run(ctx)
}
