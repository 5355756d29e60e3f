package control

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"rongtong/pipelines/declared"
	"rongtong/pipelines/systems"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

// shipped are the declarations in the program.
func shipped() (declared.Set, error) {
	var out declared.Set
	for _, l := range []struct {
		name string
		fs   fs.FS
	}{{"schemas", schemas.FS}, {"pipelines/systems", systems.FS}} {
		layer, err := declared.ReadLayer(l.name, true, l.fs)
		if err != nil {
			return out, err
		}
		out.Layers = append(out.Layers, layer)
	}
	return out, nil
}

// setAt is what a place stands for: Shipped (or nothing), or a folder. A folder
// that has tiers.yaml stands for itself; any other lies on top of what is shipped.
func setAt(place string) (declared.Set, []decl.Problem) {
	problem := func(rule, hint string, err any) (declared.Set, []decl.Problem) {
		return declared.Set{}, []decl.Problem{decl.Pos{File: place}.Problem(rule, hint, "%v", err)}
	}
	base, err := shipped()
	if err != nil {
		return problem("file.unreadable", "", err)
	}
	if place == "" || place == Shipped {
		return base, nil
	}
	if st, err := os.Stat(place); err != nil || !st.IsDir() {
		return problem("overlay.folder", "name an existing folder", fmt.Sprintf("%q is not a folder", place))
	}
	own, err := declared.ReadLayer(place, false, os.DirFS(place))
	if err != nil {
		return problem("file.unreadable", "check that it exists and who may read it", err)
	}
	if _, alone := own.Files["tiers.yaml"]; alone {
		return declared.Set{Layers: []declared.Layer{own}}, nil
	}
	return declared.Set{Layers: append(base.Layers, own)}, nil
}

// loadSet compiles a set with every problem found.
func loadSet(s declared.Set) (Declarations, []decl.Problem) { return loadFrom(s.Sources()) }

// password in an address, where there is no reference.
var inline = regexp.MustCompile(`[a-z][a-z0-9+.-]*://[^/\s:@"'$]+:[^@\s/"'$]+@`)

// open looks for what must not go into the topic: passwords that stand in an
// address. The kinds refuse them in the settings that are secrets.
func open(s declared.Set) []decl.Problem {
	var out []decl.Problem
	for _, l := range s.Layers {
		for p, data := range l.Files {
			for i, line := range strings.Split(string(data), "\n") {
				if at := inline.FindStringIndex(line); at != nil {
					out = append(out, decl.Pos{File: path.Join(l.Name, p), Line: i + 1, Column: at[0] + 1}.Problem("secret.inline",
						"write ${env:NAME}, ${file:/path} or ${command:program} in its place", "an address holds a password"))
				}
			}
		}
	}
	decl.Sort(out)
	return out
}

// reread puts the numbers of a version on its streams.
func (d Declarations) reread(v declared.Version) Declarations {
	for _, s := range d.Streams {
		s.Reread = v.Reread[s.System.System+"."+s.Stream.Name]
	}
	return d
}

// compile loads a version of the store.
func compile(store *declared.Store, v declared.Version) (Declarations, error) {
	set, err := store.Set(v)
	if err != nil {
		return Declarations{}, err
	}
	d, problems := loadSet(set)
	if len(problems) > 0 {
		return d, fault.Hint(fault.Config, "this program and the declarations do not go together: use the program that applied them, "+v.Program+", or a later one",
			"reading version %d of the declarations: %w", v.Number, &ProblemsError{problems})
	}
	return d.reread(v), nil
}

// inForce are the declarations that a running pipeline works with: the version
// that was applied last. Where none ever was, they are the shipped ones and the
// folder that was given.
func (o Options) inForce(ctx context.Context, k *topics.Client) (Declarations, declared.Version, error) {
	store, err := declared.Open(ctx, k)
	if err != nil {
		return Declarations{}, declared.Version{}, err
	}
	return o.compileInForce(store)
}

// live are the declarations in force, for a verb that works on what runs. Without
// a broker they are the folder's.
func (o Options) live(ctx context.Context) (Declarations, error) {
	if o.Kafka == "" {
		return o.load()
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return Declarations{}, err
	}
	defer k.Close()
	d, _, err := o.inForce(ctx, k)
	return d, err
}

func (o Options) compileInForce(store *declared.Store) (Declarations, declared.Version, error) {
	v, ok := store.Applied()
	if !ok {
		d, err := o.load()
		return d, v, err
	}
	if o.Overlay != "" {
		o.noticeOverlay(v)
	}
	d, err := compile(store, v)
	return d, v, err
}

// noticeOverlay says that a folder was given and is not what is in force.
func (o Options) noticeOverlay(v declared.Version) {
	set, problems := setAt(o.Overlay)
	if len(problems) > 0 || set.Fingerprint() != v.Fingerprint {
		o.logger().Warn("the folder is not what is in force: rongtong plan shows the difference, rongtong apply puts it in force", "declarations", o.Overlay, "version", v.Number)
	}
}

func (o Options) logger() *slog.Logger {
	if o.Log == nil {
		return slog.New(slog.DiscardHandler)
	}
	return o.Log
}

// Export writes a version's declarations into a folder that then stands for
// itself: edit it, keep it under version control, and give it to plan and apply.
// Version 0 is the one in force, or what is shipped where nothing was applied or
// no broker is known. It returns the number of files.
func Export(ctx context.Context, o Options, folder string, version int) (int, error) {
	set, err := o.setOf(ctx, version)
	if err != nil {
		return 0, err
	}
	files, err := declared.Flatten(set)
	if err != nil {
		return 0, err
	}
	if have, err := os.ReadDir(folder); err == nil && slices.ContainsFunc(have, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), ".") }) {
		return 0, fault.Hint(fault.Config, "name a new folder, or empty this one", "exporting declarations: the folder %q is not empty", folder)
	}
	for p, data := range files {
		to := filepath.Join(folder, filepath.FromSlash(p))
		if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
			return 0, fault.New(fault.Config, "exporting declarations: %w", err)
		}
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return 0, fault.New(fault.Config, "exporting declarations: %w", err)
		}
	}
	return len(files), nil
}

func (o Options) setOf(ctx context.Context, version int) (declared.Set, error) {
	if o.Kafka == "" && version == 0 {
		return shipped()
	}
	k, err := o.kafka(ctx)
	if err != nil {
		return declared.Set{}, err
	}
	defer k.Close()
	store, err := declared.Open(ctx, k)
	if err != nil {
		return declared.Set{}, err
	}
	v, ok := store.Applied()
	if version > 0 {
		if v, ok = store.Version(version); !ok {
			return declared.Set{}, fault.Hint(fault.Config, "rongtong declarations history lists them", "reading version %d of the declarations: there is none", version)
		}
	}
	if !ok {
		return shipped()
	}
	return store.Set(v)
}

// History lists the versions of the declarations, the oldest first.
func History(ctx context.Context, o Options) ([]declared.Version, error) {
	k, err := o.kafka(ctx)
	if err != nil {
		return nil, err
	}
	defer k.Close()
	store, err := declared.Open(ctx, k)
	if err != nil {
		return nil, err
	}
	return store.History(), nil
}

// ParseVersion reads a version as people write it: "7" or "v7".
func ParseVersion(s string) (int, error) {
	n, err := strconv.Atoi(strings.TrimPrefix(s, "v"))
	if err != nil || n <= 0 {
		return 0, fault.New(fault.Config, "reading a version: %q is no number", s)
	}
	return n, nil
}
