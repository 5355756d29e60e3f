package rest

import (
	"bytes"

	"golang.org/x/text/encoding/simplifiedchinese"
)

// encodings are what an answer may be declared to be written in.
var encodings = []string{"utf-8", "gb18030"}

func toUTF8(body []byte, encoding string) ([]byte, error) {
	body = bytes.TrimPrefix(body, []byte("\uFEFF"))
	if encoding != "gb18030" {
		return body, nil
	}
	return simplifiedchinese.GB18030.NewDecoder().Bytes(body)
}
