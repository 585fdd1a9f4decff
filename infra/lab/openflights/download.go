package openflights

import (
	"cmp"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Source says where the data files are published, and what makes a download good.
type Source struct {
	// URL of the folder that holds the files, with the slash at its end.
	URL string
	// Files to download, in order.
	Files []File
	// Stall is how long the server may send nothing before the download fails; 0 for 30 s.
	Stall time.Duration
}

// File is one published file.
type File struct {
	// Name of the file, such as airports.dat.
	Name string
	// Rows is the minimum number of usable rows.
	Rows int
}

// Published is OpenFlights' public repository. Its files change from time to time, so no checksum is expected; the
// numbers of rows are somewhat below those of April 2025.
func Published() Source {
	return Source{
		URL: "https://raw.githubusercontent.com/jpatokal/openflights/master/data/",
		Files: []File{
			{Name: "airlines.dat", Rows: 5000},
			{Name: "airports.dat", Rows: 7000},
			{Name: "countries.dat", Rows: 200},
			{Name: "locales.dat", Rows: 10},
			{Name: "routes.dat", Rows: 60000},
		},
	}
}

// downloadLimit bounds a whole Download.
const downloadLimit = 15 * time.Minute

// Why a transfer ends before it is complete.
var (
	errStalled  = errors.New("the server stopped sending")
	errTooLarge = fmt.Errorf("more than %d MiB, which cannot be a data file of OpenFlights", maxFile>>20)
)

// Download fetches the files of the source into the folder dir, for Load, and writes plain lines about it to out.
//
// It does not fetch a file again that is there, complete and unchanged since an earlier Download. It continues a file that
// was cut off, if the server supports that. It replaces a file only with a verified one. The folder also gets a
// SHA256SUMS file. The error is one line and says what to do; a file that failed ends the Download.
func Download(ctx context.Context, source Source, dir string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("download OpenFlights data: %w", err)
	}
	sums := readSums(dir)
	for _, file := range source.Files {
		bar := &progress{out: out, name: file.Name}
		if checksum, _, err := file.verify(dir, file.Name); err == nil && checksum == sums[file.Name] {
			bar.say("complete")
			continue
		}
		checksum, err := source.fetch(ctx, file, dir, bar)
		if err != nil {
			_ = os.Remove(dir) // Only if it is empty: without a network, nothing is left behind.
			return fmt.Errorf("download %s: %w", file.Name, err)
		}
		sums[file.Name] = checksum
		// After every file, so that an interrupted Download need not begin again.
		if err := writeSums(dir, sums); err != nil {
			return fmt.Errorf("download OpenFlights data: %w", err)
		}
	}
	return nil
}

// verify checks the content of the file with that name in the folder dir, and returns its SHA-256 in hexadecimal and
// the number of its usable rows.
func (f File) verify(dir, name string) (checksum string, rows int, err error) {
	content, err := readFile(os.DirFS(dir), name)
	if err != nil {
		return "", 0, err
	}
	var report FileReport
	switch f.Name {
	case "airlines.dat":
		_, report = airlines().read(content)
	case "airports.dat":
		_, report = airports().read(content)
	case "countries.dat":
		_, report = countries().read(content)
	case "locales.dat":
		_, report = locales().read(content)
	case "routes.dat":
		_, report = routes().read(content)
	}
	if report.Kept < f.Rows || report.Kept == 0 {
		err = fmt.Errorf("%s usable rows, at least %s expected", thousands(report.Kept), thousands(max(1, f.Rows)))
	}
	return fmt.Sprintf("%x", sha256.Sum256(content)), report.Kept, err
}

// fetch downloads one file, verifies it, puts it in place in the folder dir, and returns its checksum.
func (s Source) fetch(ctx context.Context, file File, dir string, bar *progress) (checksum string, err error) {
	path := filepath.Join(dir, file.Name)
	rest := part(path + partSuffix)
	if err := s.transfer(ctx, s.URL+file.Name, rest, bar); err != nil {
		return "", err
	}
	checksum, rows, err := file.verify(dir, file.Name+partSuffix)
	if err != nil {
		// A wrong part would stay wrong, whatever a later run adds to it.
		return "", cmp.Or(rest.remove(), fmt.Errorf("the server sent something unexpected: %w; nothing was replaced", err))
	}
	if err := os.Rename(string(rest), path); err != nil {
		return "", err
	}
	if err := rest.remove(); err != nil {
		return "", err
	}
	bar.say("%s bytes, %s usable rows", thousands(bar.done), thousands(rows))
	return checksum, nil
}

// transfer completes the part from the address.
func (s Source) transfer(ctx context.Context, address string, rest part, bar *progress) error {
	whole := ctx
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	stall := cmp.Or(s.Stall, 30*time.Second)
	watchdog := time.AfterFunc(stall, func() { cancel(errStalled) })
	defer watchdog.Stop()
	bar.alive = func() { watchdog.Reset(stall) }

	size, etag := rest.state()
	answer, err := get(ctx, address, size, etag)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if size > 0 && answer.StatusCode != http.StatusOK && !continues(answer, size) {
		// The server cannot continue where the part ends: start again.
		watchdog.Stop()
		if err := rest.remove(); err != nil {
			return err
		}
		return s.transfer(ctx, address, rest, bar)
	}
	if answer.ContentLength > maxFile {
		return errTooLarge
	}
	var file *os.File
	switch {
	case answer.StatusCode == http.StatusOK:
		size = 0
		file, err = rest.begin(answer.Header.Get("ETag"))
	case size > 0:
		file, err = os.OpenFile(string(rest), os.O_WRONLY|os.O_APPEND, 0o644)
	default:
		err = fmt.Errorf("%s answered %s", address, answer.Status)
	}
	if err != nil {
		return err
	}
	bar.start(size, size+answer.ContentLength)
	_, err = io.Copy(io.MultiWriter(file, bar), io.LimitReader(answer.Body, maxFile+1-size))
	// Before the rename: a power cut must not leave a file in place without its content.
	err = cmp.Or(context.Cause(ctx), err, file.Sync(), file.Close())
	if bar.done > maxFile {
		return cmp.Or(rest.remove(), errTooLarge)
	}
	if err != nil && errors.Is(whole.Err(), context.Canceled) {
		return fmt.Errorf("stopped after %s bytes, run again to continue", thousands(bar.done))
	}
	if err != nil {
		return fmt.Errorf("cut off after %s bytes, run again to continue: %w", thousands(bar.done), err)
	}
	return nil
}

// get asks for the address, or for what follows its first size bytes if it still has the ETag.
func get(ctx context.Context, address string, size int64, etag string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// In a compressed answer, neither the length nor a range would be that of the file.
	request.Header.Set("Accept-Encoding", "identity")
	// For five requests, a connection is not worth keeping open.
	request.Close = true
	if size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", size))
		request.Header.Set("If-Range", etag)
	}
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		return answer, nil
	}
	// The method and the address of the request, which url.Error adds, do not help the reader.
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	return nil, fmt.Errorf("could not reach %s: check the network; the built-in sample works without (%w)",
		request.URL.Host, cmp.Or(context.Cause(ctx), err))
}

// continues says that the answer holds all that follows the first size bytes.
func continues(answer *http.Response, size int64) bool {
	total := size + answer.ContentLength
	return answer.StatusCode == http.StatusPartialContent &&
		answer.Header.Get("Content-Range") == fmt.Sprintf("bytes %d-%d/%d", size, total-1, total)
}

// partSuffix ends the name of a file that is not complete yet.
const partSuffix = ".part"

// part is the path of a download that is not complete: its first bytes. Next to it is the ETag of the source.
type part string

func (p part) etag() string { return string(p) + ".etag" }

// state is how many bytes are there and the ETag of their source. Both are zero if a download cannot continue from there.
func (p part) state() (size int64, etag string) {
	text, err := os.ReadFile(p.etag())
	if err != nil {
		return 0, ""
	}
	info, err := os.Stat(string(p))
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
		if err := os.WriteFile(p.etag(), []byte(etag), 0o644); err != nil {
			return nil, err
		}
	}
	return os.Create(string(p))
}

// remove deletes the part and its ETag.
func (p part) remove() error {
	for _, path := range []string{string(p), p.etag()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// sumsName is the file next to the data with its checksums, as sha256sum writes and checks them.
const sumsName = "SHA256SUMS"

// readSums reads the checksums in the folder dir, in hexadecimal, by file name. It leaves out what it cannot read, which
// only costs a download.
func readSums(dir string) map[string]string {
	sums := map[string]string{}
	text, err := readFile(os.DirFS(dir), sumsName)
	if err != nil {
		return sums
	}
	for line := range strings.Lines(string(text)) {
		if checksum, name, ok := strings.Cut(strings.TrimSpace(line), "  "); ok {
			sums[name] = checksum
		}
	}
	return sums
}

// writeSums puts the checksums in the folder dir, in place of the old ones.
func writeSums(dir string, sums map[string]string) error {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(sums)) {
		fmt.Fprintf(&text, "%s  %s\n", sums[name], name)
	}
	path := filepath.Join(dir, sumsName)
	// If the program is stopped here, the old list or the new one remains, never half of it.
	if err := os.WriteFile(path+partSuffix, []byte(text.String()), 0o644); err != nil {
		return err
	}
	return os.Rename(path+partSuffix, path)
}

// progress writes plain lines about one file's download: every quarter, so that a log stays readable. The content is
// written to it along the way.
type progress struct {
	out  io.Writer
	name string
	// alive is called whenever something arrives.
	alive                func()
	done, total, quarter int64
}

// start notes how many of all bytes are there; a total below 1 means unknown.
func (p *progress) start(done, total int64) {
	p.done, p.total, p.quarter = done, total, 0
	switch {
	case total < 1:
		p.say("size unknown")
	case done > 0:
		p.quarter = 4 * done / total
		p.say("%s bytes, resuming at %d %%", thousands(total), 100*done/total)
	default:
		p.say("%s bytes", thousands(total))
	}
}

// Write counts the bytes. It never fails: a closed terminal does not stop a download.
func (p *progress) Write(bytes []byte) (int, error) {
	p.alive()
	p.done += int64(len(bytes))
	if p.total > 0 && 4*p.done/p.total > p.quarter {
		p.quarter = 4 * p.done / p.total
		p.say("%d %%", 25*p.quarter)
	}
	return len(bytes), nil
}

// say writes one line about the file.
func (p *progress) say(format string, args ...any) {
	fmt.Fprintf(p.out, "%s: %s\n", p.name, fmt.Sprintf(format, args...))
}
