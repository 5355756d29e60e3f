package warehouse

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	clickhouse "github.com/ClickHouse/clickhouse-go/v2"

	"rongtong/schemas/fault"
)

// codes maps the server's error codes to what heals them. What is not listed
// stays Unknown: it stops its run and is never retried blindly.
var codes = map[int32]struct {
	class fault.Class
	hint  string
}{
	// Time heals it.
	159: {fault.Transient, ""},                                               // TIMEOUT_EXCEEDED
	160: {fault.Transient, ""},                                               // TOO_SLOW
	201: {fault.Transient, ""},                                               // QUOTA_EXCEEDED
	202: {fault.Transient, ""},                                               // TOO_MANY_SIMULTANEOUS_QUERIES
	203: {fault.Transient, ""},                                               // NO_FREE_CONNECTION
	209: {fault.Transient, ""},                                               // SOCKET_TIMEOUT
	210: {fault.Transient, ""},                                               // NETWORK_ERROR
	236: {fault.Transient, ""},                                               // ABORTED: the server is stopping
	241: {fault.Transient, "the warehouse ran out of the memory it may use"}, // MEMORY_LIMIT_EXCEEDED
	242: {fault.Transient, ""},                                               // TABLE_IS_READ_ONLY
	243: {fault.Transient, "free space on the warehouse's disk"},             // NOT_ENOUGH_SPACE
	252: {fault.Transient, "merges lag behind the loads"},                    // TOO_MANY_PARTS
	279: {fault.Transient, ""},                                               // ALL_CONNECTION_TRIES_FAILED
	319: {fault.Transient, ""},                                               // UNKNOWN_STATUS_OF_INSERT
	394: {fault.Transient, ""},                                               // QUERY_WAS_CANCELLED
	473: {fault.Transient, ""},                                               // DEADLOCK_AVOIDED
	999: {fault.Transient, ""},                                               // KEEPER_EXCEPTION

	// A person must change a declaration, a credential or a grant.
	10:  {fault.Config, ""},                                                                // NOT_FOUND_COLUMN_IN_BLOCK
	16:  {fault.Config, "run the migration"},                                               // NO_SUCH_COLUMN_IN_TABLE
	46:  {fault.Config, ""},                                                                // UNKNOWN_FUNCTION
	47:  {fault.Config, "check the names of columns"},                                      // UNKNOWN_IDENTIFIER
	53:  {fault.Config, "the column's type in the warehouse differs from the declaration"}, // TYPE_MISMATCH
	60:  {fault.Config, "run the migration"},                                               // UNKNOWN_TABLE
	62:  {fault.Config, ""},                                                                // SYNTAX_ERROR
	81:  {fault.Config, "run the migration"},                                               // UNKNOWN_DATABASE
	164: {fault.Config, ""},                                                                // READONLY
	192: {fault.Config, ""},                                                                // UNKNOWN_USER
	193: {fault.Config, ""},                                                                // WRONG_PASSWORD
	194: {fault.Config, ""},                                                                // REQUIRED_PASSWORD
	195: {fault.Config, ""},                                                                // IP_ADDRESS_NOT_ALLOWED
	497: {fault.Config, "grant the right to this user"},                                    // ACCESS_DENIED
	516: {fault.Config, "check the user and where the password is read from"},              // AUTHENTICATION_FAILED

	// These rows can never succeed.
	6:   {fault.Data, ""}, // CANNOT_PARSE_TEXT
	26:  {fault.Data, ""}, // CANNOT_PARSE_QUOTED_STRING
	27:  {fault.Data, ""}, // CANNOT_PARSE_INPUT_ASSERTION_FAILED
	38:  {fault.Data, ""}, // CANNOT_PARSE_DATE
	41:  {fault.Data, ""}, // CANNOT_PARSE_DATETIME
	69:  {fault.Data, ""}, // ARGUMENT_OUT_OF_BOUND
	72:  {fault.Data, ""}, // CANNOT_PARSE_NUMBER
	117: {fault.Data, ""}, // INCORRECT_DATA
	131: {fault.Data, ""}, // TOO_LARGE_STRING_SIZE
	321: {fault.Data, ""}, // VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
	349: {fault.Data, ""}, // CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
	407: {fault.Data, ""}, // DECIMAL_OVERFLOW
	691: {fault.Data, ""}, // UNKNOWN_ELEMENT_OF_ENUM
}

// mark classifies an error of the client or the server and says what was
// being done. It keeps the server's words: use it where they cannot hold a
// record's values, and seal elsewhere.
func (w *Warehouse) mark(err error, doing string) error {
	if err == nil {
		return nil
	}
	if c := certificateError(err, doing, w.addr); c != nil {
		return c
	}
	class, hint := classify(err)
	if hint == "" {
		return fault.New(class, "%s: %w", doing, brief(err))
	}
	return fault.Hint(class, hint, "%s: %w", doing, brief(err))
}

// brief leaves out of an HTTP client's error what it repeats of the request: the
// settings of a statement, which are long and say nothing of what went wrong.
func brief(err error) error {
	var of *url.Error
	if !errors.As(err, &of) {
		return err
	}
	u, e := url.Parse(of.URL)
	if e != nil {
		return err
	}
	return &briefly{err, strings.ReplaceAll(err.Error(), of.URL, u.Scheme+"://"+u.Host)}
}

// briefly is an error that says less.
type briefly struct {
	error
	said string
}

func (e *briefly) Error() string { return e.said }
func (e *briefly) Unwrap() error { return e.error }

// columnOf finds the column that the server names in an error of conversion.
var columnOf = regexp.MustCompile("(?:column|Column) [`'\"]?([a-z][a-z0-9_]*)[`'\"]?")

// seal is mark for statements that carry records: the server quotes offending
// values in its messages, so only the error's name and the column are kept.
func (w *Warehouse) seal(err error, doing string) error {
	if err == nil {
		return nil
	}
	if c := certificateError(err, doing, w.addr); c != nil {
		return c
	}
	class, hint := classify(err)
	var ex *clickhouse.Exception
	if !errors.As(err, &ex) {
		return fault.New(class, "%s: %w", doing, brief(err))
	}
	said := fmt.Errorf("the warehouse answered %s (%d)", nameOf(ex), ex.Code)
	if m := columnOf.FindStringSubmatch(ex.Message); m != nil {
		said = &columnError{m[1], fmt.Errorf("%w for column %q", said, m[1])}
	}
	if ex.Code == 252 && strings.Contains(ex.Message, manyPartitions) {
		said = fmt.Errorf("%w: %w", errTooSpread, said)
	}
	if p := pressures[ex.Code]; p != None {
		said = &pressed{p, said}
	}
	if hint == "" {
		return fault.New(class, "%s: %w", doing, said)
	}
	return fault.Hint(class, hint, "%s: %w", doing, said)
}

func nameOf(ex *clickhouse.Exception) string {
	if ex.CodeName != "" {
		return ex.CodeName
	}
	return "an error"
}

func classify(err error) (fault.Class, string) {
	var ex *clickhouse.Exception
	if errors.As(err, &ex) {
		c := codes[ex.Code]
		return c.class, c.hint
	}
	var he *clickhouse.HTTPError
	if errors.As(err, &he) {
		switch {
		case he.StatusCode == http.StatusUnauthorized || he.StatusCode == http.StatusForbidden:
			return fault.Config, "check the user and where the password is read from"
		case he.StatusCode == http.StatusTooManyRequests || he.StatusCode >= http.StatusInternalServerError:
			return fault.Transient, ""
		}
		return fault.Unknown, ""
	}
	if errors.Is(err, syscall.ECONNREFUSED) {
		return fault.Transient, "is the warehouse running, and is this its port?"
	}
	var ne net.Error
	switch {
	case errors.Is(err, errUnsendable):
		return fault.Bug, ""
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded),
		errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.ErrClosedPipe),
		errors.Is(err, net.ErrClosed), errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, clickhouse.ErrAcquireConnTimeout), errors.As(err, &ne):
		return fault.Transient, ""
	}
	return fault.Unknown, ""
}

// errTooSpread says that one block would become more parts than one insert may
// make.
var errTooSpread = errors.New("the rows belong to too many partitions of the table")

func tooSpread(err error) bool { return errors.Is(err, errTooSpread) }

// Press is what the server complains of when it cannot keep up.
type Press uint8

// What a transient error of a load asks for.
const (
	None  Press = iota
	Often       // too many inserts: fewer and larger ones
	Large       // too little memory: smaller ones
	Full        // no room on the disk: nothing but waiting helps
)

// pressures are the codes of a server that cannot keep up.
var pressures = map[int32]Press{
	159: Often, // TIMEOUT_EXCEEDED
	202: Often, // TOO_MANY_SIMULTANEOUS_QUERIES
	203: Often, // NO_FREE_CONNECTION
	209: Often, // SOCKET_TIMEOUT
	252: Often, // TOO_MANY_PARTS
	241: Large, // MEMORY_LIMIT_EXCEEDED
	243: Full,  // NOT_ENOUGH_SPACE
}

type pressed struct {
	press Press
	error
}

func (e *pressed) Unwrap() error { return e.error }

// Pressure is what an error of a load asks for. A connection that is lost or
// refused is a server with too much to do, or none.
func Pressure(err error) Press {
	var p *pressed
	switch {
	case errors.As(err, &p):
		return p.press
	case fault.Is(err, fault.Transient) && (errors.Is(err, syscall.ECONNREFUSED) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF)):
		return Often
	}
	return None
}
