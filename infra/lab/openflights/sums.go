package openflights

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// sumsName is the file beside the data that holds its checksums, as sha256sum writes and checks them.
const sumsName = "SHA256SUMS"

// sums are the checksums of files in hexadecimal, by name.
type sums map[string]string

// readSums reads the checksums in the folder dir: none where there is no such file. Lines it cannot read are left out,
// which costs a download.
func readSums(dir string) (sums, error) {
	known := sums{}
	file, err := os.Open(filepath.Join(dir, sumsName))
	if errors.Is(err, fs.ErrNotExist) {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close()
	lines := bufio.NewScanner(io.LimitReader(file, maxLine))
	for lines.Scan() {
		if checksum, name, ok := strings.Cut(lines.Text(), "  "); ok {
			known[name] = checksum
		}
	}
	return known, nil
}

// write puts the checksums in the folder dir, in place of those that are there.
func (s sums) write(dir string) error {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(s)) {
		fmt.Fprintf(&text, "%s  %s\n", s[name], name)
	}
	path := filepath.Join(dir, sumsName)
	// Whoever stops the program here keeps the old list or gets the new one, never half of it.
	if err := os.WriteFile(path+partSuffix, []byte(text.String()), 0o644); err != nil {
		return err
	}
	return os.Rename(path+partSuffix, path)
}
