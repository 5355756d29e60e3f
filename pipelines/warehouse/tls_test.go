package warehouse

import (
	"strings"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas/fault"
)

// TestTLS: on a real server with a certificate of its own authority, over both
// protocols. What is right works; each thing that is wrong is an error that a
// person can mend: it names the address and the way out, and never the password.
func TestTLS(t *testing.T) {
	valid := time.Now().AddDate(1, 0, 0)
	good := embeddedtest.Secured(t, embeddedtest.Certificate{Names: []string{"127.0.0.1", "warehouse.example.gov.cn"}, NotAfter: valid})
	old := embeddedtest.Secured(t, embeddedtest.Certificate{Names: []string{"127.0.0.1"}, NotAfter: time.Now().Add(-time.Hour)})
	named := embeddedtest.Secured(t, embeddedtest.Certificate{Names: []string{"warehouse.example.gov.cn"}, NotAfter: valid})
	for protocol, address := range map[string]func(*embeddedtest.Server) string{
		"http":   func(s *embeddedtest.Server) string { return s.HTTPS },
		"native": func(s *embeddedtest.Server) string { return s.Native },
	} {
		t.Run(protocol, func(t *testing.T) {
			t.Run("works", func(t *testing.T) { securedLoads(t, address(good)+"&ca="+good.CA) })
			t.Run("works by another name", func(t *testing.T) {
				w, err := Open(t.Context(), address(named)+"&ca="+named.CA+"&server_name=warehouse.example.gov.cn")
				if err != nil {
					t.Fatal(err)
				}
				w.Close()
			})
			for _, tc := range []struct{ name, address, says, hint string }{
				{"an authority of the system", address(good), `an authority that is not trusted here: "CN=Provincial Data Bureau CA"`, "?ca="},
				{"another authority", address(good) + "&ca=" + good.OtherCA, "an authority that is not trusted here", "?ca="},
				{"expired", address(old) + "&ca=" + old.CA, "that is valid from", "renew"},
				{"a wrong name", address(named) + "&ca=" + named.CA, `not for "127.0.0.1" but for "warehouse.example.gov.cn"`, "?server_name="},
				{"a port without TLS", strings.Replace(address(good), portOf(address(good)), portOf(plain(good, protocol)), 1), "does not speak TLS", "8443"},
				{"in the clear to a port with TLS", strings.Replace(plain(good, protocol), portOf(plain(good, protocol)), portOf(address(good)), 1), "speaks TLS", "https://"},
			} {
				t.Run(tc.name, func(t *testing.T) {
					w, err := Open(t.Context(), tc.address)
					if err == nil {
						w.Close()
						t.Fatal("it is taken")
					}
					t.Log(err)
					said := err.Error()
					if !fault.Is(err, fault.Config) || !strings.Contains(said, "127.0.0.1:"+portOf(tc.address)) || !strings.Contains(said, tc.says) || !strings.Contains(said, tc.hint) {
						t.Errorf("class %v, want config, the address, %q and %q: %v", fault.Of(err), tc.says, tc.hint, err)
					}
					if strings.Contains(said, good.Password) || strings.Contains(said, old.Password) || strings.Contains(said, named.Password) {
						t.Errorf("the password is in it: %v", err)
					}
				})
			}
		})
	}
}

func plain(s *embeddedtest.Server, protocol string) string {
	if protocol == "native" {
		return s.PlainNative
	}
	return s.Plain
}

// portOf is the port of an address: the digits behind its last colon.
func portOf(address string) string {
	address, _, _ = strings.Cut(address, "?")
	return address[strings.LastIndex(address, ":")+1:]
}

// securedLoads loads and reads through an encrypted connection, and repeats.
func securedLoads(t *testing.T, address string) {
	bare(t) // other tests declare another thing
	ctx := t.Context()
	w, err := Open(ctx, address)
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	c := catalogOf(t, thing)
	steps, err := w.Plan(ctx, c)
	if err == nil {
		err = w.Migrate(ctx, steps)
	}
	if err != nil {
		t.Fatal(err)
	}
	id := strings.ReplaceAll(t.Name(), "/", "_")
	for range 2 {
		if err := loadThings(ctx, t, w, c.Entity("thing"), id, 5000); err != nil {
			t.Fatal(err)
		}
	}
	if n := count(t, w, "SELECT count() FROM std.thing WHERE startsWith(id, "+quote(id)+")"); n != 5000 {
		t.Errorf("%d rows, want 5000", n)
	}
	if _, err := w.Fuse(ctx, c, "thing"); err != nil {
		t.Error(err)
	}
}

// TestAddressSaysTLS: what is wrong with an address is said before anything is
// dialled.
func TestAddressSaysTLS(t *testing.T) {
	none := t.TempDir() + "/absent.pem"
	for address, says := range map[string]string{
		"https://h:8443?cas=/x":                 `no parameter "cas" (did you mean "ca"?)`,
		"http://h:8123?ca=/x":                   "is not encrypted",
		"clickhouse://h:9000?server_name=x":     "is not encrypted",
		"clickhouse://h?secure=true&ca=" + none: "no such file",
		"https://h:8443?ca=/etc/hostname":       "no certificate in PEM",
	} {
		if _, err := options(address); !fault.Is(err, fault.Config) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", address, err, says)
		}
	}
}
