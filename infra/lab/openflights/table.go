package openflights

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// maxFile is the largest data file accepted, in bytes. The largest published has about 2.4 million.
const maxFile = 64 << 20

// table says how the rows of one data file become values of T.
type table[T any] struct {
	// name of the file
	name string
	// width is the number of fields in every row.
	width int
	// decode makes the value; it is given width fields.
	decode func(*row) T
	// key is what no two rows share; nil where rows have no key of their own.
	key func(T) string
}

// load reads the table's file in the folder dir.
func (t table[T]) load(dir string) ([]T, FileReport, error) {
	path := filepath.Join(dir, t.name)
	info, err := os.Stat(path)
	if err != nil {
		return nil, FileReport{}, err
	}
	// Opening a pipe could wait forever.
	if !info.Mode().IsRegular() {
		return nil, FileReport{}, fmt.Errorf("%s is not a regular file", path)
	}
	if info.Size() > maxFile {
		return nil, FileReport{}, fmt.Errorf("%s is larger than %d MiB", path, maxFile>>20)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, FileReport{}, err
	}
	defer file.Close()
	// Growing a slice of tens of thousands of rows, and collecting what it grew out of, is half of the time otherwise.
	lines, err := countLines(file)
	if err != nil {
		return nil, FileReport{}, fmt.Errorf("read %s: %w", t.name, err)
	}
	values, report, err := t.readInto(make([]T, 0, lines), file)
	if err == nil && report.Kept == 0 {
		err = fmt.Errorf("%s holds no usable row of %d: is it OpenFlights data?", path, report.Read)
	}
	return values, report, err
}

// countLines counts the lines of a file, and returns to its start.
func countLines(file io.ReadSeeker) (int, error) {
	lines := 1
	chunk := make([]byte, 64<<10)
	for {
		n, err := file.Read(chunk)
		lines += bytes.Count(chunk[:n], []byte("\n"))
		if errors.Is(err, io.EOF) {
			_, err := file.Seek(0, io.SeekStart)
			return lines, err
		}
		if err != nil {
			return 0, err
		}
	}
}

// read decodes every row; those it cannot keep are in the report. The error is what reading failed with.
func (t table[T]) read(in io.Reader) ([]T, FileReport, error) { return t.readInto(nil, in) }

// readInto is read, appending to values.
func (t table[T]) readInto(values []T, in io.Reader) ([]T, FileReport, error) {
	report := FileReport{Name: t.name}
	firstLine := map[string]int{}
	lines := newLineReader(in)
	for {
		fields, reason, err := lines.next()
		if errors.Is(err, io.EOF) {
			return values, report, nil
		}
		if err != nil {
			return nil, report, fmt.Errorf("read %s: %w", t.name, err)
		}
		report.Read++
		var value T
		if reason == "" {
			value, reason = t.value(&row{line: lines.number, fields: fields}, firstLine)
		}
		if reason != "" {
			report.reject(lines.number, reason)
			continue
		}
		report.Kept++
		values = append(values, value)
	}
}

// value decodes one row, or returns the reason to reject it. firstLine holds where each key was seen first.
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
