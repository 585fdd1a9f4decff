package openflights

import (
	"errors"
	"io/fs"
	"os"
	"strings"
)

// partSuffix ends the name of a file that is not complete yet.
const partSuffix = ".part"

// part is a download that is not complete: its first bytes, and the ETag of what they are bytes of.
type part struct {
	path string
}

// partOf is the part of the file at path.
func partOf(path string) part { return part{path + partSuffix} }

func (p part) etagPath() string { return p.path + ".etag" }

// state is how many bytes are there and the ETag of their source. Both are zero when a download cannot go on from here.
func (p part) state() (size int64, etag string) {
	text, err := os.ReadFile(p.etagPath())
	if err != nil {
		return 0, ""
	}
	info, err := os.Stat(p.path)
	if err != nil || info.Size() == 0 {
		return 0, ""
	}
	return info.Size(), string(text)
}

// begin empties the part, notes the ETag, and opens the part for writing.
func (p part) begin(etag string) (*os.File, error) {
	if err := p.remove(); err != nil {
		return nil, err
	}
	// A weak ETag (W/"...") does not promise the same bytes: a download cannot be resumed on it.
	if strings.HasPrefix(etag, `"`) {
		if err := os.WriteFile(p.etagPath(), []byte(etag), 0o644); err != nil {
			return nil, err
		}
	}
	return os.OpenFile(p.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
}

// resume opens the part for writing behind its last byte.
func (p part) resume() (*os.File, error) {
	return os.OpenFile(p.path, os.O_WRONLY|os.O_APPEND, 0o644)
}

// remove deletes the part and its ETag.
func (p part) remove() error {
	for _, path := range []string{p.path, p.etagPath()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// finish puts the part in place of the file at path.
func (p part) finish(path string) error {
	if err := os.Rename(p.path, path); err != nil {
		return err
	}
	return p.remove()
}
