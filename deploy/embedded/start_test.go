package embedded_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rongtong/deploy/embedded"
	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas/fault"
)

func TestNothingOutlivesAKilledParent(t *testing.T) {
	o := embeddedtest.Options(t)
	out, in := io.Pipe()
	parent := parentOf(o, in)
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	var broker, warehouse int
	if _, err := fmt.Sscan(line, &broker, &warehouse); err != nil {
		t.Fatalf("parent said %q: %v", line, err)
	}
	if gone(broker) == nil || gone(warehouse) == nil {
		t.Fatal("the engines do not run")
	}
	kill9(t, parent.Process.Pid)
	_ = parent.Wait()
	for _, pid := range []int{broker, warehouse} {
		within(t, 15*time.Second, func() error { return gone(pid) })
	}
	// The folders are free again.
	o.OnlyBroker = true
	e, err := embedded.Start(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	e.Stop()
}

func TestSecondProcessIsRefused(t *testing.T) {
	for _, tc := range []struct {
		engine string
		only   func(*embedded.Options)
	}{{"broker", onlyBroker}, {"warehouse", onlyWarehouse}} {
		t.Run(tc.engine, func(t *testing.T) {
			e, o := startEngines(t, tc.only)
			second := embeddedtest.Options(t)
			second.Data = o.Data
			tc.only(&second)
			_, err := embedded.Start(t.Context(), second)
			if err == nil {
				t.Fatal("two processes run on one folder")
			}
			pid := fmt.Sprint(e.Supervisor.Pid(tc.engine))
			if !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), pid) || !strings.Contains(err.Error(), filepath.Join(o.Data, tc.engine)) {
				t.Errorf("the refusal is %q (class %s), it should name process %s and the folder", err, fault.Of(err), pid)
			}
			if n := e.Supervisor.Restarts(tc.engine); n != 0 {
				t.Errorf("the first process was restarted %d times", n)
			}
		})
	}
}

func TestPortTaken(t *testing.T) {
	for _, tc := range []struct {
		name, flag string
		only       func(*embedded.Options)
		port       func(embedded.Options) int
	}{
		{"broker", "--broker-port", onlyBroker, func(o embedded.Options) int { return o.BrokerPort }},
		{"http", "--warehouse-http-port", onlyWarehouse, func(o embedded.Options) int { return o.HTTPPort }},
		{"native", "--warehouse-native-port", onlyWarehouse, func(o embedded.Options) int { return o.NativePort }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			o := embeddedtest.Options(t)
			tc.only(&o)
			listen(t, tc.port(o))
			_, err := embedded.Start(t.Context(), o)
			if !fault.Is(err, fault.Config) {
				t.Fatalf("error %v, class %s", err, fault.Of(err))
			}
			for _, want := range []string{fmt.Sprint(tc.port(o)), tc.flag, fmt.Sprintf("process %d", os.Getpid())} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
		})
	}
}

func TestStartRepeatsWhatTheEngineSaid(t *testing.T) {
	o := embeddedtest.Options(t)
	o.OnlyWarehouse = true
	metadata := filepath.Join(o.Data, "warehouse", "store", "metadata")
	if err := os.MkdirAll(metadata, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(metadata, "system.sql"), []byte("garbage"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := embedded.Start(t.Context(), o)
	if err == nil || !strings.Contains(err.Error(), "SYNTAX_ERROR") || !strings.Contains(err.Error(), o.Data) {
		t.Errorf("error %v", err)
	}
}

func TestStartNeedsAFolder(t *testing.T) {
	if _, err := embedded.Start(t.Context(), embedded.Options{}); !fault.Is(err, fault.Config) {
		t.Errorf("error %v, class %s", err, fault.Of(err))
	}
}

func TestStartEndsWithItsContext(t *testing.T) {
	o := embeddedtest.Options(t)
	o.OnlyWarehouse = true
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	e, err := embedded.Start(ctx, o)
	if err == nil {
		e.Stop()
		t.Fatal("started although the context had ended")
	}
}

func TestQueryPageIsServedToTheAnalyst(t *testing.T) {
	e, _ := startEngines(t, onlyWarehouse)
	page, err := e.AnalystPage()
	if err != nil {
		t.Fatal(err)
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Get(page)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != 200 || !strings.Contains(string(b), "<html") {
		t.Errorf("status %d, %d bytes", resp.StatusCode, len(b))
	}
}
