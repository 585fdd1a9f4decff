package openflights

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// row decodes the fields of one line. The first fault rejects the row; nothing decoded after it counts.
type row struct {
	line   int
	fields []field
	fault  string
}

// fail notes why the column rejects the row.
func (r *row) fail(column, format string, args ...any) {
	if r.fault == "" {
		r.fault = column + ": " + fmt.Sprintf(format, args...)
	}
}

// text is the column at index i, of at most size characters; "" where it is null.
func (r *row) text(i int, column string, size int) string {
	text := r.fields[i].text
	if length := utf8.RuneCountInString(text); length > size {
		r.fail(column, "%d characters, at most %d fit", length, size)
	}
	return text
}

// key is the column at index i, which identifies its row: present, printable ASCII, and of at most size characters.
func (r *row) key(i int, column string, size int) string {
	text := strings.TrimSpace(r.text(i, column, size))
	if text == "" {
		r.fail(column, "missing")
	}
	for _, char := range text {
		if char <= ' ' || char > '~' {
			// Collations fold other letters in different ways: two keys could clash in one database and not in another.
			r.fail(column, "%q is not plain ASCII", text)
			break
		}
	}
	return text
}

// letter is the column at index i: one character from the set, upper case, or "" where it is null or empty.
func (r *row) letter(i int, column, set string) string {
	text := strings.ToUpper(r.text(i, column, 1))
	if !strings.Contains(set, text) {
		r.fail(column, "%q is not one of %s", text, set)
	}
	return text
}

// integer is the column at index i, from low to high. It must not be null.
func (r *row) integer(i int, column string, low, high int) int {
	if r.missing(i, column) {
		return 0
	}
	number, err := strconv.ParseInt(r.fields[i].text, 10, 32)
	switch {
	case err != nil:
		r.fail(column, "%s is not a whole number", clip(r.fields[i].text))
	case number < int64(low) || number > int64(high):
		r.fail(column, "%d is not from %d to %d", number, low, high)
	}
	return int(number)
}

// decimal is the column at index i, from -limit to limit. It must not be null.
func (r *row) decimal(i int, column string, limit float64) float64 {
	if r.missing(i, column) {
		return 0
	}
	number, err := strconv.ParseFloat(r.fields[i].text, 64)
	switch {
	case err != nil:
		r.fail(column, "%s is not a number", clip(r.fields[i].text))
	case math.IsNaN(number) || math.Abs(number) > limit:
		r.fail(column, "%v is not from %v to %v", number, -limit, limit)
	}
	return number
}

// id is the column at index i: a whole number that identifies a row.
func (r *row) id(i int, column string) int {
	return r.integer(i, column, math.MinInt32, math.MaxInt32)
}

// reference is the column at index i: the id of a row in another table, or nil.
func (r *row) reference(i int, column string) *int {
	if r.fields[i].null || r.fields[i].text == "" {
		return nil
	}
	return new(r.id(i, column))
}

// missing says that the column at index i is null or empty, and rejects the row when it is.
func (r *row) missing(i int, column string) bool {
	absent := r.fields[i].null || r.fields[i].text == ""
	if absent {
		r.fail(column, "missing")
	}
	return absent
}

// clip quotes the start of a text, so that a reason stays on one line.
func clip(text string) string {
	const most = 40
	if len(text) <= most {
		return strconv.Quote(text)
	}
	return strconv.Quote(strings.ToValidUTF8(text[:most], "")) + "..."
}
