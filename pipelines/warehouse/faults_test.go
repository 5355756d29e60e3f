package warehouse

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"syscall"
	"testing"

	"rongtong/schemas/fault"
)

// What is said of a server that is away is short: which one, and what happened. The
// settings of the statement, and the password, are not repeated.
func TestErrorsAreBrief(t *testing.T) {
	srv := httptest.NewServer(http.NotFoundHandler())
	host := srv.Listener.Addr().String()
	srv.Close()
	_, err := Open(context.Background(), "http://somebody:secret@"+host)
	if !fault.Is(err, fault.Transient) || !errors.Is(err, syscall.ECONNREFUSED) {
		t.Fatalf("%v: %v", fault.Of(err), err)
	}
	for _, wrong := range []string{"?", "max_", "secret", "somebody"} {
		if strings.Contains(strings.TrimSuffix(err.Error(), "(is the warehouse running, and is this its port?)"), wrong) {
			t.Errorf("it says %q: %v", wrong, err)
		}
	}
	if !strings.Contains(err.Error(), `"http://`+host+`": dial tcp `+host) {
		t.Errorf("it does not say which server: %v", err)
	}
}
