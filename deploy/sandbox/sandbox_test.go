package sandbox

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/aes"
	"database/sql"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pkg/sftp"
	"github.com/xuri/excelize/v2"
	"golang.org/x/crypto/ssh"
	"golang.org/x/text/encoding/simplifiedchinese"

	"rongtong/deploy/sandbox/world"
)

// forum is a stand-in for the pipeline's push gateway.
type forum struct {
	mu      sync.Mutex
	batches map[string]int
	items   map[string]int
	turn    int
	key     string
}

func (f *forum) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.turn++; f.turn%5 == 1 { // the app must live with a busy gateway
		w.WriteHeader(http.StatusTooManyRequests)
		return
	}
	if r.Header.Get("Authorization") != "Bearer "+f.key {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		z, err := gzip.NewReader(r.Body)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		body = z
	}
	var items []map[string]string
	if err := json.NewDecoder(body).Decode(&items); err != nil || len(items) == 0 {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	stream := path.Base(r.URL.Path)
	f.batches[stream]++
	f.items[stream] += len(items)
}

func start(t *testing.T, dir string, f *forum) *Sandbox {
	t.Helper()
	srv := httptest.NewServer(f)
	t.Cleanup(srv.Close)
	s, err := Start(t.Context(), Options{Dir: dir, Seed: 7, Scale: world.Small, GatewayListen: "127.0.0.1:0", SFTPListen: "127.0.0.1:0",
		PushListen: strings.TrimPrefix(srv.URL, "http://")})
	if err != nil {
		t.Fatal(err)
	}
	f.mu.Lock()
	f.key = s.pushKey()
	f.mu.Unlock()
	t.Cleanup(s.Close)
	return s
}

// finished waits until everything is delivered.
func finished(t *testing.T, s *Sandbox) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(2 * time.Minute)
	for {
		done := true
		for _, p := range s.Progress() {
			done = done && p.Done
		}
		if done {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("not delivered in time: %+v", s.Progress())
		}
		if err := s.Err(); err != nil {
			t.Fatal(err)
		}
	}
}

func books(w *world.World, system, stream string) world.FlowBooks {
	for _, b := range w.Expected() {
		if b.System == system && b.Stream == stream {
			return b
		}
	}
	return world.FlowBooks{}
}

func TestSandboxSpeaks(t *testing.T) {
	f := &forum{batches: map[string]int{}, items: map[string]int{}}
	dir := t.TempDir()
	s := start(t, dir, f)
	finished(t, s)
	t.Run("forms", func(t *testing.T) {
		for _, stream := range []string{world.FormMeasure, world.FormFacility} {
			if want := books(s.World, world.Forms, stream).Records; int64(f.items[stream]) != want {
				t.Errorf("%s: %d items arrived, want %d", stream, f.items[stream], want)
			}
		}
	})
	t.Run("gateway", func(t *testing.T) { checkGateway(t, s) })
	t.Run("sftp", func(t *testing.T) { checkSFTP(t, s) })
	t.Run("workbooks", func(t *testing.T) { checkWorkbooks(t, s) })
	t.Run("city", func(t *testing.T) { checkCity(t, s) })
	t.Run("again", func(t *testing.T) {
		before := f.batches[world.FormMeasure]
		s.Close()
		again := start(t, dir, f)
		finished(t, again)
		if f.batches[world.FormMeasure] != before {
			t.Error("acknowledged batches were sent again")
		}
		checkCity(t, again)
	})
	t.Run("another world", func(t *testing.T) {
		_, err := Start(t.Context(), Options{Dir: dir, Seed: 8, Scale: world.Small, GatewayListen: "127.0.0.1:0", SFTPListen: "127.0.0.1:0"})
		if err == nil || !strings.Contains(err.Error(), "another world") {
			t.Errorf("a folder of another world was taken: %v", err)
		}
	})
}

func TestSignatureVector(t *testing.T) {
	got := Sign("demo-secret", gatewaySID, "11111111-2222-3333-4444-555555555555", "1642409200000")
	if want := "JsiaNUb6ZpuCwVRATLzrNvO02lz7EoKHzHqZ5RSLdgI="; got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func get(t *testing.T, url, secret string) (int, map[string]any) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	rid, rtime := "11111111-2222-3333-4444-555555555555", fmt.Sprint(time.Now().UnixMilli())
	for k, v := range map[string]string{"rid": rid, "sid": gatewaySID, "rtime": rtime, "sign": Sign(secret, gatewaySID, rid, rtime)} {
		req.Header.Set("gjgxjhpt_"+k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var body map[string]any
	if err := json.NewDecoder(resp.Body).Decode(&body); err != nil {
		t.Fatalf("%s: %v", url, err)
	}
	return resp.StatusCode, body
}

func decrypt(t *testing.T, key, text string) string {
	t.Helper()
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	c, err := aes.NewCipher([]byte(key))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(b); i += 16 {
		c.Decrypt(b[i:i+16], b[i:i+16])
	}
	return string(b[:len(b)-int(b[len(b)-1])])
}

func checkGateway(t *testing.T, s *Sandbox) {
	base := "http://" + s.gate.addr
	if code, _ := get(t, base+"/v1/committee?PAGENUM=1&PAGESIZE=10", "wrong"); code != http.StatusUnauthorized {
		t.Errorf("a wrong signature got %d", code)
	}
	_, body := get(t, base+"/auth/secret", s.appKey())
	secret := decrypt(t, s.appKey(), body["data"].(map[string]any)["secret"].(string))
	rows, trouble := 0, 0
	for page := 1; ; {
		code, body := get(t, fmt.Sprintf("%s/v1/committee?PAGENUM=%d&PAGESIZE=10", base, page), secret)
		if code == 429 || code == 500 {
			trouble++
			continue
		}
		list := body["data"].(map[string]any)["list"].([]any)
		if rows += len(list); len(list) < 10 {
			break
		}
		page++
	}
	if want := s.World.CommitteeRows(); rows != want {
		t.Errorf("%d committees, want %d", rows, want)
	}
	if rows > 10*troubleEvery && trouble == 0 {
		t.Error("the gateway was never in trouble")
	}
	s.gate.mu.Lock()
	s.gate.expires = time.Now()
	s.gate.mu.Unlock()
	if code, body := get(t, base+"/v1/committee?PAGENUM=1&PAGESIZE=10", secret); code != 401 && body["code"] != "0401" {
		t.Errorf("an expired secret got %d %v", code, body["code"])
	}
}

func checkSFTP(t *testing.T, s *Sandbox) {
	key, _, _, _, err := ssh.ParseAuthorizedKey([]byte(s.sftp.hostKey))
	if err != nil {
		t.Fatal(err)
	}
	config := &ssh.ClientConfig{User: "etl", Auth: []ssh.AuthMethod{ssh.Password("wrong")}, HostKeyCallback: ssh.FixedHostKey(key), Timeout: 5 * time.Second}
	if c, err := ssh.Dial("tcp", s.sftp.addr, config); err == nil {
		c.Close()
		t.Error("a wrong password was let in")
	}
	config.Auth = []ssh.AuthMethod{ssh.Password(s.secret("sftp", 24))}
	conn, err := ssh.Dial("tcp", s.sftp.addr, config)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	c, err := sftp.NewClient(conn)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	rows := map[string]int{}
	for walk := c.Walk("out"); walk.Step(); {
		if walk.Err() != nil {
			t.Fatal(walk.Err())
		}
		if walk.Stat().IsDir() {
			continue
		}
		file, err := c.Open(walk.Path())
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(file)
		if err != nil || int64(len(data)) != walk.Stat().Size() {
			t.Fatalf("%s: %d bytes, listed with %d, %v", walk.Path(), len(data), walk.Stat().Size(), err)
		}
		file.Close()
		stream, _, _ := strings.Cut(path.Base(walk.Path()), "_")
		rows[stream] += countCSV(t, walk.Path(), data)
	}
	for stream, n := range rows {
		system := world.Ledger
		if stream == world.OfficeStation {
			system = world.Offices
		}
		if want := books(s.World, system, stream).Records; int64(n) != want {
			t.Errorf("%s: %d rows, want %d", stream, n, want)
		}
	}
	if err := c.Remove("out/" + s.World.CountyCode(0)); err == nil {
		t.Error("the server is not read only")
	}
}

// countCSV decodes a file and counts its records. A byte that is no character
// is planted in a known number of them.
func countCSV(t *testing.T, name string, data []byte) int {
	t.Helper()
	text, err := simplifiedchinese.GB18030.NewDecoder().Bytes(bytes.ReplaceAll(data, []byte{0xfe, 0x59}, []byte("A")))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	r := csv.NewReader(bytes.NewReader(text))
	r.FieldsPerRecord = -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return len(rows) - 1
}

func checkWorkbooks(t *testing.T, s *Sandbox) {
	entries, err := os.ReadDir(s.bookDir())
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) == 0 {
		t.Fatal("no workbook")
	}
	for _, e := range entries[:3] {
		at, err := e.Info()
		if err != nil || at.ModTime().Year() != 2025 {
			t.Errorf("%s was saved in %d: %v", e.Name(), at.ModTime().Year(), err)
		}
		x, err := excelize.OpenFile(path.Join(s.bookDir(), e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		rows, err := x.GetRows("综合服务设施", excelize.Options{RawCellValue: true})
		if err != nil || len(rows) < 5 || rows[3][4] != "建筑面积（平方米）" || len(rows[4][1]) < 9 {
			t.Errorf("%s reads badly: %v %v", e.Name(), rows, err)
		}
		merged, err := x.GetMergeCells("户数")
		if err != nil || len(merged) != 6 {
			t.Errorf("%s: %d merged cells, %v", e.Name(), len(merged), err)
		}
		x.Close()
	}
}

func checkCity(t *testing.T, s *Sandbox) {
	db, err := sql.Open("sqlite", "file:"+s.cityPath()+"?mode=ro")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for _, stream := range []string{"grid_event", "stat_report"} {
		var n, top int64
		if err := db.QueryRowContext(t.Context(), "SELECT count(*), max(seq) FROM "+stream).Scan(&n, &top); err != nil {
			t.Fatal(err)
		}
		if want := books(s.World, world.City, stream).Records; n != want || top != want {
			t.Errorf("%s: %d rows up to %d, want %d", stream, n, top, want)
		}
	}
}

func TestPortTaken(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	_, err = Start(context.Background(), Options{Dir: t.TempDir(), Scale: world.Small, GatewayListen: l.Addr().String()})
	if err == nil || !strings.Contains(err.Error(), l.Addr().String()) {
		t.Errorf("a taken port gives %v", err)
	}
}

// TestCityGoesOn: wherever the operations centre's delivery stops, the next
// start makes the same table as one that was never disturbed.
func TestCityGoesOn(t *testing.T) {
	w, err := world.New(7, world.Small)
	if err != nil {
		t.Fatal(err)
	}
	sum := func(interrupt bool) (out [3]string) {
		s := &Sandbox{World: w, opt: Options{Dir: t.TempDir()}}
		c, err := s.openCityDB(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		defer func() { s.cancel = func() {}; s.Close() }()
		for stopped := !interrupt; ; {
			ctx, cancel := context.WithCancel(t.Context())
			if !stopped {
				go func() {
					for c.m.produced.Load() == 0 && ctx.Err() == nil {
						pause(ctx, time.Millisecond)
					}
					cancel()
				}()
			}
			err := c.fill(ctx)
			cancel()
			if err == nil {
				break
			}
			if stopped {
				t.Fatal(err)
			}
			stopped = true
		}
		q := "SELECT count(*), max(seq), sum(seq * (length(event_no) + length(grid_code) + unicode(substr(category, 1, 1)) + cast(substr(event_no, 7) AS integer) % 9973)) FROM grid_event"
		if err := c.db.QueryRowContext(t.Context(), q).Scan(&out[0], &out[1], &out[2]); err != nil {
			t.Fatal(err)
		}
		return out
	}
	if a, b := sum(false), sum(true); a != b {
		t.Errorf("undisturbed %v, interrupted %v", a, b)
	}
}
