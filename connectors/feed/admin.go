package feed

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"rongtong/schemas"
	"rongtong/schemas/fault"
)

// Defaults of what the administrator is asked for.
const (
	byteRateDefault  = 1 << 20
	retentionDefault = 7 * 24 * time.Hour
	messageDefault   = 1 << 20
)

// Administration is what the administrator of the broker must run before a
// department can write and we can read: topics, grants, quotas. Every command
// may be run again. bootstrap is written where the broker's address belongs.
//
// The grants are the least that works: a department writes to its own topics,
// and may use transactions under names of its own; we read them. We join no
// consumer group, so none is granted. (Apache Kafka, "Authorization and ACLs".)
func Administration(sys *schemas.System, bootstrap string) (string, error) {
	set, froms, ps := read(sys)
	if len(ps) > 0 {
		return "", fault.New(fault.Config, "reading the settings of %q: %s", sys.System, ps[0])
	}
	reader := "rongtong"
	if user, err := set.User.Value(); err == nil && user != "" {
		reader = user
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Feeds of system %s. --command-config names a file with the administrator's own credentials.\n", sys.System)
	fmt.Fprintf(&b, "B=%s\nC=\"--command-config admin.properties\"\n", quote(bootstrap))
	quotas := map[string]int64{}
	var users []string
	for _, e := range sys.Streams {
		f := froms[e.Key]
		p := f.Producer
		if p == nil {
			p = &producer{}
		}
		user := p.User
		if user == "" {
			user = strings.Split(f.Topic, ".")[1]
		}
		if quotas[user] == 0 {
			users = append(users, user)
		}
		quotas[user] += cmp.Or(p.ByteRate, byteRateDefault)
		partitions := p.Partitions
		if partitions == 0 {
			partitions = max(1, e.Value.Partitions)
		}
		fmt.Fprintf(&b, "\n# %s: written by %s, read by %s\n", f.Topic, user, reader)
		fmt.Fprintf(&b, "kafka-topics.sh --bootstrap-server $B $C --create --if-not-exists --topic %s --partitions %d --replication-factor 3 \\\n", f.Topic, partitions)
		fmt.Fprintf(&b, "  --config min.insync.replicas=2 --config cleanup.policy=delete --config retention.ms=%d --config max.message.bytes=%d\n",
			cmp.Or(p.Retention, retentionDefault).Milliseconds(), cmp.Or(p.MaxMessage, messageDefault))
		fmt.Fprintf(&b, "kafka-acls.sh --bootstrap-server $B $C --add --allow-principal %s --operation Write --operation Describe --topic %s\n", quote("User:"+user), f.Topic)
		fmt.Fprintf(&b, "kafka-acls.sh --bootstrap-server $B $C --add --allow-principal %s --operation Read --operation Describe --topic %s\n", quote("User:"+reader), f.Topic)
	}
	for _, user := range users {
		fmt.Fprintf(&b, "\n# %s: transactions under its own names, and no more than its share of the line\n", user)
		fmt.Fprintf(&b, "kafka-acls.sh --bootstrap-server $B $C --add --allow-principal %s --operation Write --operation Describe --transactional-id %s --resource-pattern-type prefixed\n",
			quote("User:"+user), quote("feed."+user+"."))
		fmt.Fprintf(&b, "kafka-configs.sh --bootstrap-server $B $C --alter --entity-type users --entity-name %s --add-config 'producer_byte_rate=%d,request_percentage=50'\n", quote(user), quotas[user])
	}
	return b.String(), nil
}

// quote makes one word of s for a shell.
func quote(s string) string {
	if s != "" && strings.Trim(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.:,-/") == "" {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
