package embedded

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"text/template"
	"time"

	"rongtong/schemas/fault"
)

// WarehouseConfig says where a warehouse engine runs. Data and Library are
// required; zero ports are not chosen for the caller.
type WarehouseConfig struct {
	Data        string // folder of this engine alone; created when absent
	Library     string // path of libchdb.so, see EnsureEngine
	HTTPPort    int
	NativePort  int
	MemoryBytes int64         // what all queries together may hold; 0 means DefaultMemoryBytes
	Zone        string        // time zone of the server; empty means Asia/Shanghai
	StopTimeout time.Duration // how long running queries may finish; 0 means 10 s
}

// DefaultMemoryBytes leaves room for the rest of the product on a 4 GB machine.
const DefaultMemoryBytes = 1_300_000_000

// adminFile and analystFile hold the generated passwords, tokenFile the
// identity of the process that owns the folder now. All are 0600 and lie in
// the engine's folder.
const (
	adminFile   = "admin.password"
	analystFile = "analyst.password"
	tokenFile   = "instance.token"
)

// RunWarehouse turns the calling process into a ClickHouse server on loopback
// and blocks until ctx ends or the engine dies. It rewires descriptors 0 and 1
// and loads a 566 MB library that cannot be unloaded, so it belongs in a child
// process of its own and is called once.
//
// The engine is ready when an authenticated query returns the token of this
// instance (see Probe); that the port answers proves nothing, because the
// engine stays up without listening when another process holds the port.
func RunWarehouse(ctx context.Context, cfg WarehouseConfig) error {
	if cfg.MemoryBytes == 0 {
		cfg.MemoryBytes = DefaultMemoryBytes
	}
	if cfg.Zone == "" {
		cfg.Zone = "Asia/Shanghai"
	}
	if cfg.StopTimeout == 0 {
		cfg.StopTimeout = 10 * time.Second
	}
	lock, err := lockFolder("warehouse", cfg.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	if err := errors.Join(
		portFree("http", cfg.HTTPPort, "--warehouse-http-port"),
		portFree("native", cfg.NativePort, "--warehouse-native-port"),
	); err != nil {
		return err
	}
	if _, err := mendTokens(cfg.Data); err != nil {
		return err
	}
	argv, err := prepareWarehouse(cfg)
	if err != nil {
		return err
	}
	// A client that closes early must not kill the engine.
	signal.Ignore(syscall.SIGPIPE)
	// The engine ignores a time zone in its configuration.
	if err := os.Setenv("TZ", cfg.Zone); err != nil {
		return err
	}
	con, err := openConsole()
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- runLibrary(cfg.Library, argv) }()
	return superviseEngine(ctx, cfg, con, done)
}

func superviseEngine(ctx context.Context, cfg WarehouseConfig, con *console, done <-chan error) error {
	ready := make(chan error, 1)
	probe, cancel := context.WithTimeout(ctx, 60*time.Second)
	defer cancel()
	go func() {
		ready <- waitFor(probe, 20*time.Millisecond, func(ctx context.Context) error { return Probe(ctx, cfg) })
	}()
	for {
		select {
		case err := <-ready:
			if err != nil && ctx.Err() == nil {
				con.exit()
				return fmt.Errorf("starting the warehouse on port %d: %w", cfg.HTTPPort, err)
			}
			if err == nil {
				slog.Info("warehouse ready", "http", cfg.HTTPPort, "native", cfg.NativePort)
			}
			ready = nil
		case err := <-done:
			if err == nil {
				err = fault.New(fault.Transient, "running the warehouse in %q: the engine ended by itself", cfg.Data)
			}
			return err
		case <-ctx.Done():
			con.exit()
			select {
			case <-done:
				return nil
			case <-time.After(cfg.StopTimeout):
				return fault.New(fault.Transient, "stopping the warehouse in %q: still busy after %s, ended hard", cfg.Data, cfg.StopTimeout)
			}
		}
	}
}

// Probe asks the warehouse of cfg who it is. A nil error means that the
// process which owns cfg.Data answers authenticated queries on cfg.HTTPPort.
// Only Data and HTTPPort are read.
func Probe(ctx context.Context, cfg WarehouseConfig) error {
	token, err := os.ReadFile(filepath.Join(cfg.Data, tokenFile))
	if err != nil {
		return fault.New(fault.Transient, "reading the identity of the warehouse in %q: %w", cfg.Data, err)
	}
	password, err := os.ReadFile(filepath.Join(cfg.Data, adminFile))
	if err != nil {
		return fault.New(fault.Config, "reading the password of the warehouse in %q: %w", cfg.Data, err)
	}
	url := fmt.Sprintf("http://127.0.0.1:%d/?query=SELECT+displayName()", cfg.HTTPPort)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	req.Header.Set("X-ClickHouse-User", "admin")
	req.Header.Set("X-ClickHouse-Key", strings.TrimSpace(string(password)))
	req.Close = true // a kept connection would hold up the engine's shutdown
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return fault.New(fault.Transient, "asking the warehouse on port %d who it is: %w", cfg.HTTPPort, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, 4096))
	if err != nil {
		return fault.New(fault.Transient, "asking the warehouse on port %d who it is: %w", cfg.HTTPPort, err)
	}
	if strings.TrimSpace(string(body)) != strings.TrimSpace(string(token)) {
		return fault.New(fault.Config, "asking the warehouse on port %d who it is: another server answers there (status %d)", cfg.HTTPPort, resp.StatusCode)
	}
	return nil
}

// prepareWarehouse writes everything the engine reads at start and returns its
// command line. Passwords are made once and kept; the token is new each time.
func prepareWarehouse(cfg WarehouseConfig) ([]string, error) {
	admin, err := secretFile(filepath.Join(cfg.Data, adminFile))
	if err != nil {
		return nil, err
	}
	analyst, err := secretFile(filepath.Join(cfg.Data, analystFile))
	if err != nil {
		return nil, err
	}
	token := "rongtong-" + randomHex(16)
	store := filepath.Join(cfg.Data, "store")
	if err := os.MkdirAll(filepath.Join(store, "metadata"), 0o700); err != nil {
		return nil, diskErr(err, "making %q", store)
	}
	vals := map[string]any{
		"Token": token, "Store": store, "Users": filepath.Join(cfg.Data, "users.xml"),
		"HTTP": cfg.HTTPPort, "Native": cfg.NativePort, "Memory": cfg.MemoryBytes,
		"Admin": sha256Hex(admin), "Analyst": sha256Hex(analyst),
	}
	for name, tmpl := range map[string]*template.Template{"config.xml": configXML, "users.xml": usersXML} {
		var b bytes.Buffer
		if err := tmpl.Execute(&b, vals); err != nil {
			return nil, fault.New(fault.Bug, "rendering %q: %w", name, err)
		}
		if err := writeFile(filepath.Join(cfg.Data, name), b.Bytes()); err != nil {
			return nil, err
		}
	}
	if err := persistSystem(filepath.Join(store, "metadata", "system.sql")); err != nil {
		return nil, err
	}
	if err := writeFile(filepath.Join(cfg.Data, tokenFile), []byte(token+"\n")); err != nil {
		return nil, err
	}
	return []string{
		"clickhouse", "--path=" + store, "--config-file=" + filepath.Join(cfg.Data, "config.xml"),
		fmt.Sprintf("--tcp_port=%d", cfg.NativePort), fmt.Sprintf("--http_port=%d", cfg.HTTPPort),
		"--listen_host=127.0.0.1", "--interactive", "--disable_suggestion", "--progress=off",
		// Errors would be logged with the text of the query, and that may carry values.
		"--log-level=fatal",
		"--query=SYSTEM START LISTEN TCP; SYSTEM START LISTEN HTTP",
	}, nil
}

// persistSystem makes the system database durable. Without this file the
// engine keeps it in memory and, after a restart, refuses to write query_log
// because the folder of the old table is still there.
func persistSystem(path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	b := make([]byte, 16)
	_, _ = rand.Read(b)
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	h := hex.EncodeToString(b)
	uuid := strings.Join([]string{h[:8], h[8:12], h[12:16], h[16:20], h[20:]}, "-")
	return writeFile(path, []byte("ATTACH DATABASE _ UUID '"+uuid+"'\nENGINE = Atomic\n"))
}

// secretFile returns the secret kept at path, making one when there is none.
func secretFile(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err == nil && len(bytes.TrimSpace(b)) > 0 {
		return string(bytes.TrimSpace(b)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fault.New(fault.Config, "reading the secret %q: %w", path, err)
	}
	secret := randomHex(24)
	return secret, writeFile(path, []byte(secret+"\n"))
}

func randomHex(n int) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	return hex.EncodeToString(b)
}

func sha256Hex(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

func escapeXML(v any) (string, error) {
	var b strings.Builder
	err := xml.EscapeText(&b, []byte(fmt.Sprint(v)))
	return b.String(), err
}

func engineXML(name, text string) *template.Template {
	return template.Must(template.New(name).Funcs(template.FuncMap{"x": escapeXML}).Parse(text))
}

// Caches and pools are sized for a machine that also runs the broker and the
// product. The query log is kept, small: it is how a slow page is explained.
var configXML = engineXML("config.xml", `<clickhouse>
  <logger><level>fatal</level><console>1</console></logger>
  <display_name>{{x .Token}}</display_name>
  <listen_host>127.0.0.1</listen_host>
  <path>{{x .Store}}/</path>
  <tmp_path>{{x .Store}}/tmp/</tmp_path>
  <user_files_path>{{x .Store}}/user_files/</user_files_path>
  <user_directories><users_xml><path>{{x .Users}}</path></users_xml></user_directories>
  <access_control_improvements>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <select_from_information_schema_requires_grant>true</select_from_information_schema_requires_grant>
  </access_control_improvements>
  <max_server_memory_usage>{{.Memory}}</max_server_memory_usage>
  <mark_cache_size>134217728</mark_cache_size>
  <uncompressed_cache_size>0</uncompressed_cache_size>
  <index_mark_cache_size>33554432</index_mark_cache_size>
  <index_uncompressed_cache_size>0</index_uncompressed_cache_size>
  <mmap_cache_size>256</mmap_cache_size>
  <compiled_expression_cache_size>33554432</compiled_expression_cache_size>
  <shutdown_wait_unfinished>1</shutdown_wait_unfinished>
  <keep_alive_timeout>30</keep_alive_timeout>
  <max_connections>256</max_connections>
  <max_concurrent_queries>64</max_concurrent_queries>
  <max_thread_pool_size>400</max_thread_pool_size>
  <background_pool_size>4</background_pool_size>
  <background_schedule_pool_size>8</background_schedule_pool_size>
  <background_common_pool_size>2</background_common_pool_size>
  <background_fetches_pool_size>1</background_fetches_pool_size>
  <background_move_pool_size>1</background_move_pool_size>
  <background_buffer_flush_schedule_pool_size>1</background_buffer_flush_schedule_pool_size>
  <background_message_broker_schedule_pool_size>1</background_message_broker_schedule_pool_size>
  <background_distributed_schedule_pool_size>1</background_distributed_schedule_pool_size>
  <tables_loader_foreground_pool_size>2</tables_loader_foreground_pool_size>
  <tables_loader_background_pool_size>2</tables_loader_background_pool_size>
  <merge_tree>
    <number_of_free_entries_in_pool_to_lower_max_size_of_merge>2</number_of_free_entries_in_pool_to_lower_max_size_of_merge>
    <number_of_free_entries_in_pool_to_execute_mutation>2</number_of_free_entries_in_pool_to_execute_mutation>
    <number_of_free_entries_in_pool_to_execute_optimize_entire_partition>2</number_of_free_entries_in_pool_to_execute_optimize_entire_partition>
    <merge_max_block_size_bytes>4194304</merge_max_block_size_bytes>
  </merge_tree>
  <query_log>
    <database>system</database><table>query_log</table>
    <flush_interval_milliseconds>10000</flush_interval_milliseconds>
    <max_size_rows>65536</max_size_rows><reserved_size_rows>1024</reserved_size_rows>
    <engine>ENGINE = MergeTree PARTITION BY event_date ORDER BY event_time TTL event_date + INTERVAL 3 DAY DELETE SETTINGS ttl_only_drop_parts = 1</engine>
  </query_log>
</clickhouse>
`)

// The engine's own session always logs in as "default" without a password, so
// that user has to exist; it may start the listeners and nothing else.
var usersXML = engineXML("users.xml", `<clickhouse>
  <profiles>
    <default>
      <implicit_select>0</implicit_select>
      <cancel_http_readonly_queries_on_client_close>1</cancel_http_readonly_queries_on_client_close>
    </default>
    <session>
      <implicit_select>0</implicit_select>
      <max_memory_usage>20000000</max_memory_usage>
      <max_execution_time>10</max_execution_time>
      <max_threads>1</max_threads>
    </session>
    <analyst>
      <readonly>2</readonly>
      <implicit_select>0</implicit_select>
      <cancel_http_readonly_queries_on_client_close>1</cancel_http_readonly_queries_on_client_close>
      <max_execution_time>60</max_execution_time>
      <max_memory_usage>500000000</max_memory_usage>
      <max_threads>2</max_threads>
      <constraints>
        <max_execution_time><min>1</min><max>60</max></max_execution_time>
        <max_memory_usage><min>1</min><max>500000000</max></max_memory_usage>
        <max_threads><min>1</min><max>2</max></max_threads>
      </constraints>
    </analyst>
  </profiles>
  <quotas><default><interval><duration>3600</duration></interval></default></quotas>
  <users>
    <default>
      <password></password>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>session</profile><quota>default</quota>
      <grants><query>GRANT SYSTEM LISTEN ON *.*</query></grants>
    </default>
    <admin>
      <password_sha256_hex>{{.Admin}}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>default</profile><quota>default</quota>
    </admin>
    <analyst>
      <password_sha256_hex>{{.Analyst}}</password_sha256_hex>
      <networks><ip>127.0.0.1</ip></networks>
      <profile>analyst</profile><quota>default</quota>
      <grants>
        <query>GRANT SELECT ON ads.*</query>
        <query>GRANT SELECT ON dwd.*</query>
        <query>GRANT SELECT ON ops.*</query>
        <query>REVOKE SELECT ON ads.indicator_point*</query>
        <query>REVOKE SELECT ON ads.indicator_cover*</query>
        <query>REVOKE SELECT ON dwd.territory*</query>
        <query>REVOKE SELECT ON dwd.contribution*</query>
        <query>REVOKE SELECT ON ops.conflict*</query>
        <query>REVOKE SELECT ON ops.quality_issue*</query>
      </grants>
    </analyst>
  </users>
</clickhouse>
`)
