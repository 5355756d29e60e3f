package embeddedtest_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"rongtong/deploy/embedded/embeddedtest"
	"rongtong/schemas/decl"
)

func TestMain(m *testing.M) { embeddedtest.Main(m) }

func TestWarehouseAnswersAtItsAddress(t *testing.T) {
	ref := embeddedtest.Warehouse(t)
	if again := embeddedtest.Warehouse(t); again != ref {
		t.Errorf("a second call started another warehouse: %q, then %q", ref, again)
	}
	url, err := decl.Expand(ref)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(url, "", strings.NewReader("SELECT 40 + 2"))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if b, _ := io.ReadAll(resp.Body); string(b) != "42\n" {
		t.Errorf("SELECT 40 + 2 = %q, status %d", b, resp.StatusCode)
	}
}

func TestBrokerAnswersAtItsAddress(t *testing.T) {
	client, err := kgo.NewClient(kgo.SeedBrokers(embeddedtest.Broker(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	meta, err := kadm.NewClient(client).BrokerMetadata(t.Context())
	if err != nil || len(meta.Brokers) != 1 {
		t.Errorf("brokers = %d, err %v", len(meta.Brokers), err)
	}
}
