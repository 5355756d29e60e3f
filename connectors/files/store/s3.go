package store

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"io/fs"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"

	"rongtong/schemas/decl"
	"rongtong/schemas/fault"
)

type s3Settings struct {
	decl.Pos
	Kind      string         `decl:"kind,required"`
	Endpoint  decl.Text      `decl:"endpoint,required"` // https://host[:port], or http:// inside a protected network
	Region    decl.Text      `decl:"region"`            // us-east-1 by default, which most products take
	Bucket    decl.Text      `decl:"bucket,required"`
	AccessKey decl.Secret    `decl:"access_key"` // without the two keys: a bucket that anybody may read
	SecretKey decl.Secret    `decl:"secret_key"`
	Token     decl.Secret    `decl:"session_token"`
	Style     string         `decl:"style"`   // path (default) or host: where the bucket's name goes
	CA        decl.Text      `decl:"ca"`      // certificates that vouch for the server, PEM; the system's by default
	Root      decl.Text      `decl:"root"`    // prefix of the keys, a folder
	Timeout   *time.Duration `decl:"timeout"` // without any progress; 30 s by default
}

// S3 is the transport "s3": objects of a bucket, with any server that speaks
// S3 and Signature Version 4.
var S3 = Transport{
	Name: "s3",
	Doc:  "objects in an S3 bucket",
	Validate: func(connect decl.Node) []decl.Problem {
		var s s3Settings
		ps := connect.Decode(&s)
		if len(ps) == 0 {
			ps = s.check()
		}
		return ps
	},
	Open: func(connect decl.Node) (func() Store, error) {
		var s s3Settings
		connect.Decode(&s) // it was validated
		b, err := s.resolve()
		return func() Store { return b.clone() }, err
	},
}

func (s *s3Settings) check() []decl.Problem {
	var ps []decl.Problem
	if s.AccessKey.IsSet() != s.SecretKey.IsSet() {
		ps = append(ps, s.Problem("key.missing", `give both, or none for a bucket that anybody may read`, "of access_key and secret_key only one is declared"))
	}
	if s.Style != "" && s.Style != "path" && s.Style != "host" {
		ps = append(ps, s.Problem("style.unknown", decl.Suggest(s.Style, []string{"path", "host"}), "the style %q is not known", s.Style))
	}
	if raw := s.Endpoint.Raw(); !strings.Contains(raw, "${") {
		if _, err := parseEndpoint(raw); err != nil {
			ps = append(ps, s.Endpoint.Problem("endpoint.invalid", "write https://host or https://host:port", "%s", err))
		}
	}
	return append(ps, checkTimeout(s.Pos, s.Timeout)...)
}

func parseEndpoint(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || strings.Trim(u.Path, "/") != "" || u.User != nil {
		return nil, errors.New("the endpoint is no address of a server")
	}
	return u, nil
}

// bucket is a store in an S3 bucket.
type bucket struct {
	client     *minio.Client
	options    minio.Options
	host       string
	name, root string
	timeout    time.Duration
	config     *tls.Config
	transport  *http.Transport
}

func (s *s3Settings) resolve() (*bucket, error) {
	b := &bucket{timeout: orDefault(s.Timeout)}
	var err error
	get := func(t interface{ IsSet() bool }, dst *string) {
		if err != nil || !t.IsSet() {
			return
		}
		switch t := t.(type) {
		case decl.Text:
			*dst, err = t.Value()
		case decl.Secret:
			*dst, err = t.Reveal()
		}
	}
	var endpoint, pem, access, secret, token string
	region := "us-east-1"
	get(s.Endpoint, &endpoint)
	get(s.Region, &region)
	get(s.Bucket, &b.name)
	get(s.Root, &b.root)
	get(s.CA, &pem)
	get(s.AccessKey, &access)
	get(s.SecretKey, &secret)
	get(s.Token, &token)
	if err != nil {
		return nil, err
	}
	u, err := parseEndpoint(endpoint)
	if err != nil {
		return nil, err
	}
	if b.root = strings.Trim(b.root, "/"); b.root != "" {
		b.root += "/"
	}
	b.host = u.Host
	b.options = minio.Options{
		Creds: credentials.NewStaticV4(access, secret, token), Secure: u.Scheme == "https", Region: region,
		BucketLookup: minio.BucketLookupPath, MaxRetries: 2,
	}
	if s.Style == "host" {
		b.options.BucketLookup = minio.BucketLookupDNS
	}
	if b.options.Secure {
		b.config, err = tlsConfig(u.Hostname(), pem)
	}
	return b, err
}

// clone is a store of its own connections.
func (b *bucket) clone() *bucket {
	c := *b
	c.transport = &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: b.config, DisableCompression: true,
		DialContext:           (&net.Dialer{Timeout: b.timeout}).DialContext,
		TLSHandshakeTimeout:   b.timeout,
		ResponseHeaderTimeout: b.timeout,
		IdleConnTimeout:       time.Minute,
	}
	if c.config != nil && c.options.BucketLookup == minio.BucketLookupDNS {
		own := c.config.Clone()
		own.ServerName = "" // the bucket stands before the host
		c.transport.TLSClientConfig = own
	}
	return &c
}

// do runs f with a context that ends when f makes no progress for the timeout.
func (b *bucket) do(ctx context.Context, what, path string, f func(ctx context.Context, c minio.Core, alive func()) error) error {
	if b.client == nil {
		options := b.options
		options.Transport = b.transport
		c, err := minio.New(b.host, &options)
		if err != nil {
			return fault.New(fault.Config, "opening bucket %q: %w", b.name, err)
		}
		b.client = c
	}
	inner, cancel := context.WithCancel(ctx)
	defer cancel()
	timer := time.AfterFunc(b.timeout, cancel)
	defer timer.Stop()
	err := f(inner, minio.Core{Client: b.client}, func() { timer.Reset(b.timeout) })
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil:
		return ctx.Err()
	case inner.Err() != nil:
		return fault.New(fault.Transient, "%s %q: the server made no progress for %s", what, path, b.timeout)
	}
	return b.judge(what, path, err)
}

// judge classifies an error.
func (b *bucket) judge(what, path string, err error) error {
	var classified *fault.Error
	if errors.As(err, &classified) || errors.Is(err, ErrUnsettled) {
		return err
	}
	answer := minio.ToErrorResponse(err)
	switch code := answer.Code; {
	case code == "PreconditionFailed" || answer.StatusCode == http.StatusPreconditionFailed:
		return ErrUnsettled
	case code == minio.NoSuchKey:
		return fault.New(fault.Transient, "%s %q: %w", what, path, fs.ErrNotExist)
	case code == minio.NoSuchBucket:
		return fault.Hint(fault.Config, "correct `bucket`", "%s %q: the server has no bucket %q", what, path, b.name)
	case code == "ExpiredToken" || code == "ExpiredTokenException":
		return fault.Hint(fault.Config, "renew `session_token`", "%s %q: the credentials have expired", what, path)
	case code == "RequestTimeTooSkewed":
		return fault.Hint(fault.Config, "set this machine's clock", "%s %q: the clocks of the server and of this machine differ too much", what, path)
	case answer.StatusCode == http.StatusTooManyRequests || code == "SlowDown":
	case answer.StatusCode == http.StatusForbidden || answer.StatusCode == http.StatusUnauthorized,
		code == minio.AccessDenied, code == "InvalidAccessKeyId", code == "SignatureDoesNotMatch":
		return fault.Hint(fault.Config, "check access_key, secret_key and region, and what the account may read", "%s %q: the server does not accept the credentials (%s)", what, path, code)
	case answer.StatusCode >= 300 && answer.StatusCode < 500 && answer.StatusCode != http.StatusRequestTimeout:
		return fault.Hint(fault.Config, "check endpoint, region and style", "%s %q: the server answers %d %s", what, path, answer.StatusCode, code)
	}
	return fault.New(fault.Transient, "%s %q: %w", what, path, unexpected(err))
}

// List reads the listing page by page. What looks like a folder is none of the
// objects.
func (b *bucket) List(ctx context.Context) ([]Entry, error) {
	var out []Entry
	err := b.do(ctx, "listing bucket", b.name, func(ctx context.Context, c minio.Core, alive func()) error {
		out = out[:0]
		for o := range c.ListObjectsIter(ctx, b.name, minio.ListObjectsOptions{Prefix: b.root, Recursive: true}) {
			if o.Err != nil {
				return o.Err
			}
			alive()
			p := strings.TrimPrefix(o.Key, b.root)
			if p == "" || strings.HasSuffix(p, "/") {
				continue
			}
			out = append(out, Entry{Path: p, Size: o.Size, MTime: o.LastModified, Tag: strings.Trim(o.ETag, `"`), Whole: true})
		}
		return nil
	})
	return out, err
}

// Read copies the object of the listing's ETag; if it has another by now, it
// is not settled.
func (b *bucket) Read(ctx context.Context, e Entry, begin func() (io.Writer, error)) error {
	return b.do(ctx, "reading object", e.Path, func(ctx context.Context, c minio.Core, alive func()) error {
		dst, err := begin()
		if err != nil {
			return err
		}
		var options minio.GetObjectOptions
		if e.Tag != "" {
			if err := options.SetMatchETag(e.Tag); err != nil {
				return err
			}
		}
		src, info, _, err := c.GetObject(ctx, b.name, b.root+e.Path, options)
		if err != nil {
			return err
		}
		defer src.Close()
		_, err = io.Copy(ticking{dst, alive}, src)
		if err == nil && e.Tag != "" && strings.Trim(info.ETag, `"`) != e.Tag {
			return ErrUnsettled // a server that does not know the condition
		}
		return err
	})
}

// Prefix is the root: a key is known by all of it.
func (b *bucket) Prefix() string { return strings.TrimSuffix(b.root, "/") }

// Close ends the connections.
func (b *bucket) Close() error {
	b.transport.CloseIdleConnections()
	return nil
}
