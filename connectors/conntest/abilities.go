package conntest

import (
	"testing"

	"rongtong/schemas/fault"
)

// The interfaces of this file are abilities that a world or a site may have.
// Each belongs to the check of the same name; a world that lacks one must exempt
// that check and say why, so that nothing is left out in silence.

// Elsewhere is a site that another process can reach (check "process").
type Elsewhere interface {
	// Text is what Declare made System from. Secrets are named in it, not
	// written; the other process inherits the environment.
	Text() string
}

// Updater is a site whose records can change (check "updates").
type Updater interface {
	// Update changes some records in the source system and returns what the
	// connector must deliver of it from the position before, in any order
	// among different keys.
	Update(tb testing.TB) []Event
}

// Deleter is a site whose records can disappear (check "deletes").
type Deleter interface {
	// Delete removes some records and returns the deletions that must be
	// delivered.
	Delete(tb testing.TB) []Event
}

// Event is one record that must be delivered.
type Event struct {
	Key  string            // canonical, key fields joined by connectors.KeySeparator
	With map[string]string // field to its JSON; the other fields do not matter
}

// Trouble is what a source system or the line to it does to a connector.
type Trouble uint8

// The troubles, each with a check of its name.
const (
	Cut      Trouble = iota // the line breaks in the middle of an answer
	Throttle                // the system asks to come back later
	Truncate                // an answer ends early and looks finished to the transport
	Expire                  // the credentials are no longer accepted
	Stall                   // the system takes the question and does not answer
)

var troubleNames = [...]string{"cut", "throttle", "truncate", "expire", "stall"}

func (t Trouble) String() string { return troubleNames[t] }

// classes are those an error may have under a trouble.
var classes = [...][]fault.Class{
	Cut:      {fault.Transient},
	Throttle: {fault.Transient},
	Truncate: {fault.Transient, fault.Data},
	Expire:   {fault.Config},
	Stall:    {fault.Transient},
}

// Troubled is a site that can misbehave (checks "cut", "throttle", "truncate",
// "expire", "stall").
type Troubled interface {
	// Inject makes the system show a trouble until it is healed. It must hit
	// what is read next: the site still holds records that the source has not
	// delivered. A nil Heal says that the site cannot show this trouble; the
	// check must then be exempt.
	Inject(tb testing.TB, t Trouble) Injected
}

// Injected is a trouble that is on.
type Injected struct {
	Heal func()
	// Hit is closed when the trouble has met a request. A Stall needs it,
	// because only then is a Read known to wait.
	Hit <-chan struct{}
	// Unaware says that the driver may learn only from its next question that its
	// session is gone: one transient error may come before the one that is wanted.
	Unaware bool
}

// Large is a world that can start a site with a great many records (check
// "million").
type Large interface {
	// StartLarge brings up a system that holds at least n records.
	StartLarge(tb testing.TB, n int) Site
}

// TypedWorld is a world that can show every type of its protocol (check "types").
type TypedWorld interface {
	// StartTypes brings up a system with one value or more of every type that
	// the protocol knows, and says what each must become.
	StartTypes(tb testing.TB) (Site, []Typed)
}

// Typed is one value of a source type.
type Typed struct {
	Type  string // as the source calls it
	Key   string // canonical key of the record that holds it
	Field string
	JSON  string // what it must become, byte for byte
}

// Sender is a site whose records come unasked: clients send them, and send again
// what was not acknowledged. The suite lets them send where it would otherwise
// only read.
type Sender interface {
	// Send lets the clients send, in a fixed order, records that are neither
	// acknowledged nor under way, as many as the connector takes, and returns
	// how many now wait to be read. 0: there are no more. It returns when they
	// are queued, not when they are acknowledged.
	Send(tb testing.TB) int
}
