package control

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"rongtong/deploy/embedded/embeddedtest"
)

// TestDoctorThroughTLS: the doctor examines a warehouse through an encrypted
// connection, and says of a certificate that is not trusted how to mend it.
func TestDoctorThroughTLS(t *testing.T) {
	s := embeddedtest.Secured(t, embeddedtest.Certificate{Names: []string{"127.0.0.1"}, NotAfter: time.Now().AddDate(1, 0, 0)})
	for protocol, address := range map[string]string{"http": s.HTTPS, "native": s.Native} {
		t.Run(protocol, func(t *testing.T) {
			found := func(ca string) Finding {
				t.Helper()
				all := Doctor(t.Context(), Options{Kafka: embeddedtest.Broker(t), Warehouse: address + "&ca=" + ca, Log: slog.New(slog.DiscardHandler)})
				for _, f := range all {
					if strings.Contains(f.Found+f.Mend, s.Password) {
						t.Errorf("the password is in %+v", f)
					}
				}
				i := slices.IndexFunc(all, func(f Finding) bool { return f.Check == "warehouse" })
				if i < 0 {
					t.Fatalf("nothing is said of the warehouse: %+v", all)
				}
				return all[i]
			}
			if f := found(s.CA); f.State != FindingOK || !strings.Contains(f.Found, "answers") {
				t.Errorf("%+v", f)
			}
			if f := found(s.OtherCA); f.State != FindingFail || !strings.Contains(f.Found, "127.0.0.1:") || !strings.Contains(f.Found, "not trusted") || !strings.Contains(f.Mend, "?ca=") {
				t.Errorf("%+v", f)
			}
		})
	}
}
