package rest

import (
	"bytes"
	"io"

	"rongtong/connectors/files/text"
)

// encodings are what an answer may be declared to be written in.
var encodings = text.Encodings

// toUTF8 decodes a body. What is no character becomes U+FFFD and is judged with
// its record.
func toUTF8(body []byte, encoding string) ([]byte, error) {
	if encoding == "utf-8" {
		return bytes.TrimPrefix(body, []byte("\uFEFF")), nil
	}
	r, _, err := text.Decode(bytes.NewReader(body), int64(len(body)), encoding)
	if err != nil {
		return nil, err
	}
	out, err := io.ReadAll(r)
	return bytes.TrimPrefix(out, []byte("\uFEFF")), err
}
