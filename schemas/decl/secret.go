package decl

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"
	"time"
)

// Secret is a value that must not be seen: a password, a key. A declaration
// never holds it, only where to find it: "${env:NAME}", "${file:/path}" or
// "${command:program argument…}", which prints it.
// It prints as "***" everywhere.
type Secret struct {
	Pos
	ref string
}

// FromNode accepts a reference and refuses a secret written into the file.
func (s *Secret) FromNode(n Node) []Problem {
	text, ok := n.Scalar()
	if !ok {
		return []Problem{n.Pos().Problem("type.secret", "", "a reference to a secret is expected here")}
	}
	s.Pos, s.ref = n.Pos(), text
	if !IsReference(text) {
		return []Problem{n.Pos().Problem("secret.inline", "write ${env:NAME}, ${file:/path} or ${command:program} and put the secret there",
			"a secret must not be written into a declaration")}
	}
	return nil
}

// Reveal returns the secret. An error names the reference, never the value.
func (s Secret) Reveal() (string, error) { return Expand(s.ref) }

// Reference is where the secret is, for a part of the program that reveals it
// itself. It is no secret.
func (s Secret) Reference() string { return s.ref }

// IsSet reports whether the declaration named a secret.
func (s Secret) IsSet() bool { return s.ref != "" }

// String keeps secrets out of logs and errors.
func (s Secret) String() string { return "***" }

// GoString is for %#v.
func (s Secret) GoString() string { return "decl.Secret(***)" }

// Text is a setting that may be given by reference, like a Secret, but is no
// secret (a host name, a folder).
type Text struct {
	Pos
	ref string
}

// FromNode accepts any single value.
func (t *Text) FromNode(n Node) []Problem {
	text, ok := n.Scalar()
	if !ok {
		return []Problem{n.Pos().Problem("type.scalar", "", "a single value is expected here")}
	}
	t.Pos, t.ref = n.Pos(), text
	return nil
}

// Value resolves the references in the text.
func (t Text) Value() (string, error) { return Expand(t.ref) }

// IsSet reports whether the declaration gave a value.
func (t Text) IsSet() bool { return t.ref != "" }

// Raw is the text as declared, references unresolved: what a log may show.
func (t Text) Raw() string { return t.ref }

// IsReference reports whether s is exactly one reference.
func IsReference(s string) bool {
	return strings.HasPrefix(s, "${") && strings.HasSuffix(s, "}") && strings.Count(s, "${") == 1 &&
		(strings.HasPrefix(s, "${env:") || strings.HasPrefix(s, "${file:") || strings.HasPrefix(s, "${command:"))
}

// MissingError says that a reference leads nowhere.
type MissingError struct{ Ref, Reason string }

func (e *MissingError) Error() string { return "resolving " + e.Ref + ": " + e.Reason }

// commandLimit is how long a command may take to print a secret.
const commandLimit = 10 * time.Second

// Expand replaces every ${env:NAME}, ${file:/path} and ${command:program
// argument…} in s. The trailing newline of a file or an output is dropped. The
// command is run without a shell; what it says of an error is not repeated.
func Expand(s string) (string, error) {
	var out strings.Builder
	for {
		before, rest, ok := strings.Cut(s, "${")
		out.WriteString(before)
		if !ok {
			return out.String(), nil
		}
		ref, after, ok := strings.Cut(rest, "}")
		if !ok {
			return "", &MissingError{"${" + rest, "the closing brace is missing"}
		}
		val, err := lookup(ref)
		if err != nil {
			return "", err
		}
		out.WriteString(val)
		s = after
	}
}

func lookup(ref string) (string, error) {
	kind, name, _ := strings.Cut(ref, ":")
	switch kind {
	case "env":
		if v, ok := os.LookupEnv(name); ok {
			return v, nil
		}
		return "", &MissingError{"${" + ref + "}", "the environment variable is not set"}
	case "file":
		b, err := os.ReadFile(name)
		if err != nil {
			return "", &MissingError{"${" + ref + "}", "the file cannot be read"}
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	case "command":
		words := strings.Fields(name)
		if len(words) == 0 {
			return "", &MissingError{"${" + ref + "}", "no program is named"}
		}
		ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
		defer cancel()
		b, err := output(exec.CommandContext(ctx, words[0], words[1:]...))
		if err != nil {
			return "", &MissingError{"${command:" + words[0] + "}", "the command did not print it"}
		}
		return strings.TrimRight(string(b), "\r\n"), nil
	}
	return "", &MissingError{"${" + ref + "}", "only env:, file: and command: are known"}
}

// output runs a command that does not outlive this process, however that ends: the
// kernel ties its death to the thread that started it, which is kept meanwhile.
func output(cmd *exec.Cmd) ([]byte, error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	return cmd.Output()
}
