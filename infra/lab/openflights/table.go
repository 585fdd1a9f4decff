package openflights

import (
	"bytes"
	"fmt"
	"strings"
)

// table says how the rows of one data file become values of T.
type table[T any] struct {
	// name of the file
	name string
	// width is the number of fields in every row.
	width int
	// decode makes the value; it is given width fields.
	decode func(*row) T
	// key is what no two rows share; nil if the rows have no key of their own.
	key func(T) string
}

// maxReserved is for how many rows memory is reserved before they are read. The largest file published has 67,663; one that
// holds nothing but line ends has millions of lines.
const maxReserved = 100_000

// read decodes every row; those it cannot keep are in the report.
func (t table[T]) read(content []byte) ([]T, FileReport) {
	report := FileReport{Name: t.name}
	// Otherwise, growing a slice of tens of thousands of rows, and collecting the garbage, takes half of the time.
	values := make([]T, 0, min(bytes.Count(content, []byte("\n"))+1, maxReserved))
	firstLine := map[string]int{}
	var fields []field
	// An editor on Windows may have put a byte order mark there.
	for line := range bytes.Lines(bytes.TrimPrefix(content, []byte("\ufeff"))) {
		report.Read++
		var reason string
		var value T
		fields, reason = split(fields[:0], line)
		if reason == "" {
			value, reason = t.value(&row{line: report.Read, fields: fields}, firstLine)
		}
		if reason == "" {
			values = append(values, value)
			report.Kept++
		} else if len(report.Rejections) < maxRejections {
			report.Rejections = append(report.Rejections, Rejection{File: t.name, Line: report.Read, Reason: reason})
		}
	}
	return values, report
}

// value decodes one row, or returns the reason to reject it. firstLine holds the line where each key was first seen.
func (t table[T]) value(r *row, firstLine map[string]int) (value T, reason string) {
	if len(r.fields) != t.width {
		return value, fmt.Sprintf("%d fields instead of %d", len(r.fields), t.width)
	}
	value = t.decode(r)
	if r.fault != "" || t.key == nil {
		return value, r.fault
	}
	// The databases compare keys without regard to case.
	key := strings.ToUpper(t.key(value))
	if first, ok := firstLine[key]; ok {
		return value, fmt.Sprintf("duplicate key %s, first in line %d", key, first)
	}
	firstLine[key] = r.line
	return value, ""
}
