package feed

import (
	"regexp"
	"strings"
	"time"

	"github.com/hamba/avro/v2"

	"rongtong/connectors"
	"rongtong/connectors/files/text"
	"rongtong/pipelines/topics"
	"rongtong/schemas"
	"rongtong/schemas/decl"
)

// settings is `connect`.
type settings struct {
	decl.Pos
	Kind      string        `decl:"kind,required"`
	Brokers   decl.Text     `decl:"brokers,required"` // host:port[,host:port]
	User      decl.Text     `decl:"user"`
	Password  decl.Secret   `decl:"password"`
	Mechanism string        `decl:"mechanism"` // SCRAM-SHA-512 (default with a user), SCRAM-SHA-256 or PLAIN
	TLS       bool          `decl:"tls"`
	CA        string        `decl:"ca"`       // PEM file
	Cert      string        `decl:"cert"`     // PEM file
	Key       string        `decl:"key"`      // PEM file
	Registry  decl.Text     `decl:"registry"` // address of a schema registry, for Avro with the Confluent header
	Patience  time.Duration `decl:"patience"` // how long a silent broker is waited for; 0: 30 s
}

// from is `streams.<name>.from`.
type from struct {
	decl.Pos
	Topic     string    `decl:"topic,required"`  // feed.<department>.<stream>
	Format    string    `decl:"format,required"` // json, csv or avro
	Encoding  string    `decl:"encoding"`        // of json and csv; UTF-8 is the default
	Header    []string  `decl:"header"`          // csv: the columns; absent: each message begins with their names
	Delimiter string    `decl:"delimiter"`       // csv; a comma is the default
	Schema    decl.Text `decl:"schema"`          // avro: the writer's schema, "${file:/path}" or as text
	Wire      string    `decl:"wire"`            // avro: plain (default) or confluent (a byte 0 and the schema's number first)
	Gaps      string    `decl:"gaps"`            // stop (default) or skip: when the broker deleted records that were not read
	At        *struct {
		Field string `decl:"field,required"`
	} `decl:"at"` // absent: the record's time in Kafka
	Delete *struct {
		Field string `decl:"field,required"`
		Value string `decl:"value,required"`
	} `decl:"delete"` // besides tombstones
	Contract *connectors.Contract `decl:"contract"`
	Producer *producer            `decl:"producer"`
}

// producer is what the broker's administrator must know of who writes.
type producer struct {
	decl.Pos
	User       string        `decl:"user"`       // principal; the department of the topic is the default
	ByteRate   int64         `decl:"byte_rate"`  // bytes a second and broker; 0: 1 MiB
	Retention  time.Duration `decl:"retention"`  // 0: 7 days
	Partitions int           `decl:"partitions"` // 0: those of the stream
	MaxMessage int           `decl:"max_message"`
}

var topicName = regexp.MustCompile(`^feed\.[a-z0-9_-]+\.[a-z0-9_-]+$`)

const patienceDefault = 30 * time.Second

func read(sys *schemas.System) (settings, map[string]from, []decl.Problem) {
	var set settings
	ps := sys.Connect.Decode(&set)
	if len(ps) == 0 {
		ps = set.check()
	}
	froms := map[string]from{}
	taken := map[string]string{}
	for _, e := range sys.Streams {
		var f from
		got := e.Value.From.Decode(&f)
		if len(got) == 0 {
			got = f.check(set, e.Value)
			if other, ok := taken[f.Topic]; ok {
				got = append(got, f.Problem("feed.topic", "", "streams %q and %q read the same topic", other, e.Key))
			}
		}
		taken[f.Topic] = e.Key
		ps = append(ps, got...)
		froms[e.Key] = f
	}
	return set, froms, ps
}

func (s settings) check() []decl.Problem {
	var ps []decl.Problem
	if s.User.IsSet() != s.Password.IsSet() {
		ps = append(ps, s.Problem("feed.credentials", "give both or none", "a user and a password belong together"))
	}
	ps = append(ps, oneOf(s.Pos, "mechanism", s.Mechanism, topics.Mechanisms...)...)
	if (s.Cert == "") != (s.Key == "") {
		ps = append(ps, s.Problem("feed.tls", "give both or none", "a certificate and its key belong together"))
	}
	if s.Patience < 0 {
		ps = append(ps, s.Problem("feed.range", "", "patience cannot be negative"))
	}
	return ps
}

// oneOf checks a word that has a default.
func oneOf(at decl.Pos, key, word string, known ...string) []decl.Problem {
	if word == "" {
		return nil
	}
	for _, k := range known {
		if k == word {
			return nil
		}
	}
	return []decl.Problem{at.Problem("feed.word", decl.Suggest(word, known), "%s %q is not known: it can be %s", key, word, strings.Join(known, ", "))}
}

func (f from) check(set settings, s *schemas.Stream) []decl.Problem {
	ps := oneOf(f.Pos, "format", f.Format, "json", "csv", "avro")
	ps = append(ps, oneOf(f.Pos, "wire", f.Wire, "plain", "confluent")...)
	ps = append(ps, oneOf(f.Pos, "gaps", f.Gaps, "stop", "skip")...)
	ps = append(ps, oneOf(f.Pos, "encoding", f.Encoding, text.Encodings...)...)
	if !topicName.MatchString(f.Topic) {
		ps = append(ps, f.Problem("feed.topic", "feed.<department>.<stream>, in small letters, digits, _ and -", "%q is not the name of a feed topic", f.Topic))
	}
	if len(f.Delimiter) > 1 {
		ps = append(ps, f.Problem("feed.delimiter", "", "the delimiter is one character of ASCII"))
	}
	if f.Format != "csv" && (len(f.Header) > 0 || f.Delimiter != "") {
		ps = append(ps, f.Problem("feed.format", "", "header and delimiter are for csv"))
	}
	avroOnly := f.Schema.IsSet() || f.Wire != ""
	switch {
	case f.Format != "avro" && avroOnly:
		ps = append(ps, f.Problem("feed.format", "", "schema and wire are for avro"))
	case f.Format == "avro" && f.Encoding != "":
		ps = append(ps, f.Problem("feed.format", "", "avro texts are UTF-8"))
	case f.Format == "avro" && f.Wire != "confluent" && !f.Schema.IsSet():
		ps = append(ps, f.Problem("key.missing", "add it", "schema is required for avro without a registry"))
	case f.Wire == "confluent" && !set.Registry.IsSet() && !f.Schema.IsSet():
		ps = append(ps, f.Problem("key.missing", "add connect.registry, or schema", "the header names a schema by number: where is it?"))
	}
	if raw := f.Schema.Raw(); f.Format == "avro" && raw != "" && !strings.Contains(raw, "${") {
		if _, err := parseSchema(raw); err != nil {
			ps = append(ps, f.Schema.Problem("feed.schema", "", "the schema is not Avro"))
		}
	}
	if f.Contract != nil {
		ps = append(ps, f.Contract.Validate(s)...)
	}
	if p := f.Producer; p != nil && (p.ByteRate < 0 || p.Retention < 0 || p.Partitions < 0 || p.MaxMessage < 0) {
		ps = append(ps, p.Problem("feed.range", "", "byte_rate, retention, partitions and max_message cannot be negative"))
	}
	return ps
}

// parseSchema reads a writer's schema. Each has a cache of its own: two writers
// may use one name for different records.
func parseSchema(text string) (avro.Schema, error) {
	return avro.ParseWithCache(text, "", &avro.SchemaCache{})
}
