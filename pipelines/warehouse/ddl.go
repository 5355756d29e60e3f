package warehouse

import (
	"fmt"
	"slices"
	"strings"

	"rongtong/schemas"
)

// DDL is the text that creates the whole warehouse on an empty server, in an
// order in which it can be run: the same statements that Plan yields there.
// Every statement ends with a semicolon and an empty line.
//
// With the name of a cluster it is the form for several servers. Of every
// table there is then a local part, <table>_local, replicated within its shard
// (the macros {shard} and {replica} are the server's own), and under the
// table's own name a distributed table over the parts, so that views and
// queries read the same names in both forms. A row lives on the shard of its
// county: the hash of the first six digits of the column that says whose
// territory it is about. What has no such column is sharded by its key.
//
// The single form is what the embedded engine runs. The cluster form is run in
// the tests on two engines that are two shards, without replication, which that
// engine does not have; docs/cluster.md says what was run on what.
func DDL(c *schemas.Catalog, cluster string) (string, error) {
	all, err := objects(c)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for _, d := range databases {
		b.WriteString(d.ddl(cluster) + ";\n\n")
	}
	for _, o := range all {
		if cluster == "" {
			b.WriteString(o.ddl(o.name) + ";\n\n")
			continue
		}
		for _, s := range o.clusterDDL(c, cluster) {
			b.WriteString(s + ";\n\n")
		}
	}
	return b.String(), nil
}

func (d database) ddl(cluster string) string {
	on := ""
	if cluster != "" {
		on = " ON CLUSTER " + ident(cluster)
	}
	return fmt.Sprintf("CREATE DATABASE IF NOT EXISTS %s%s ENGINE = Atomic COMMENT %s", d.name, on, quote(d.comment))
}

// clusterDDL derives the cluster form from the single form by its head and its
// engine: columns, keys, comments cannot differ between the two.
func (o *object) clusterDDL(c *schemas.Catalog, cluster string) []string {
	on := " ON CLUSTER " + ident(cluster)
	if o.view != "" {
		// Views on views join one sharded relation with another: the inner side is
		// asked once and sent to every shard.
		global := *o
		global.view = fmt.Sprintf("SELECT *\nFROM\n(\n%s\n)\nSETTINGS distributed_product_mode = 'global'", indent(o.view))
		o = &global
		head := fmt.Sprintf("CREATE OR REPLACE VIEW %s.%s", o.db, ident(o.name))
		return []string{head + on + strings.TrimPrefix(o.ddl(o.name), head)}
	}
	local := o.name + "_local"
	part := *o
	part.engine = replicated(o, local)
	head := fmt.Sprintf("CREATE TABLE %s.%s", o.db, ident(local))
	text := head + on + strings.TrimPrefix(part.ddl(local), head)
	return []string{text, fmt.Sprintf("CREATE TABLE %s.%s%s AS %s.%s\nENGINE = Distributed(%s, %s, %s, %s)\nCOMMENT %s",
		o.db, ident(o.name), on, o.db, ident(local), quote(cluster), o.db, ident(local), shardKey(c, o), quote(o.comment))}
}

// replicated is the engine of a local part. The path holds the shard: parts of
// different shards are different data.
func replicated(o *object, local string) string {
	name, args, _ := strings.Cut(strings.TrimSuffix(o.engine, ")"), "(")
	path := fmt.Sprintf("'/clickhouse/tables/{shard}/%s/%s', '{replica}'", o.db, local)
	if args != "" {
		path += ", " + args
	}
	return "Replicated" + name + "(" + path + ")"
}

// shardKey keeps a county together. What merges within a shard is only the
// exact re-delivery of a claim, which names the same division again; claims of
// several sources meet in the fusion, which reads all shards.
func shardKey(c *schemas.Catalog, o *object) string {
	if o.shard != "" {
		return "cityHash64(" + ident(o.shard) + ")"
	}
	if e := c.Entity(strings.TrimSuffix(o.name, rowsSuffix)); e != nil && (o.db == dbStd || o.db == dbDwd || o.db == dbDwp) {
		if d := e.Division.Column; d != "" && e.Column(d) != nil && !e.Column(d).Nullable {
			return "cityHash64(substring(toString(" + ident(d) + "), 1, 6))"
		}
		return "cityHash64(" + idents(e.Key) + ")"
	}
	if slices.ContainsFunc(o.columns, func(col column) bool { return col.name == "division_code" }) {
		return "cityHash64(substring(toString(division_code), 1, 6))"
	}
	return "cityHash64(" + idents(o.order) + ")"
}
