package push

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"

	"rongtong/connectors"
	"rongtong/connectors/files/text"
)

// fromCSV makes JSON Lines of a CSV body, and the line of each item.
func fromCSV(r *http.Request, body []byte) (out []byte, lines []int, no *refusal) {
	_, params, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch strings.ToLower(params["charset"]) {
	case "", "utf-8":
	case "gbk", "gb2312", "gb18030":
		body, _ = io.ReadAll(text.NewGB18030(bytes.NewReader(body))) // what is no character becomes U+FFFD, and the record is judged
	default:
		return nil, nil, refuse(http.StatusUnsupportedMediaType, "charset", "编码只能是 UTF-8 或 GB18030", "charset can be utf-8 or gb18030")
	}
	var breaches []connectors.Breach
	n, count := 0, 0
	err := connectors.CSVObjects(body, nil, 0, func(line int, item []byte) error {
		if n++; n > itemsMax {
			return errTooMany
		}
		if item == nil {
			if count++; count <= breachesMax {
				breaches = append(breaches, connectors.Breach{Line: line, Item: n, Rule: "csv.columns", Zh: "列数与表头不一致", En: "the line has another number of columns than the header"})
			}
			return nil
		}
		out = append(append(out, item...), '\n')
		lines = append(lines, line)
		return nil
	})
	var wrong *connectors.CSVError
	switch {
	case errors.Is(err, errTooMany):
		return nil, nil, tooMany()
	case errors.As(err, &wrong):
		no := refuse(http.StatusBadRequest, wrong.Rule, "CSV 无法读取：引号不成对，或表头有空列、重列", "the CSV cannot be read: an unpaired quote, or a header with empty or repeated names")
		no.Problems, no.Count = []connectors.Breach{{Line: wrong.Line, Rule: wrong.Rule, Zh: no.Zh, En: no.En}}, 1
		return nil, nil, no
	case count > 0:
		return nil, nil, broken(breaches, count)
	}
	return out, lines, nil
}
