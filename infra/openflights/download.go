package openflights

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// downloadLimit bounds a whole Download.
const downloadLimit = 15 * time.Minute

// errStalled is why a download ends whose server sends nothing any more.
var errStalled = errors.New("the server stopped sending")

// errWrongRange is an answer that does not go on where the part ends.
var errWrongRange = errors.New("the server sent another range than asked for, run again to begin anew")

// Download fetches the files of the source into the folder dir, for Load, and writes plain lines about it to out.
//
// A file that is there, complete and unchanged since an earlier Download is not fetched again. One that was cut off is
// continued where the server supports it. A file is replaced only by one that was verified. The folder also gets a
// SHA256SUMS file. The error is one line and says what to do; a file that failed ends the Download.
func Download(ctx context.Context, source Source, dir string, out io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, downloadLimit)
	defer cancel()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("download OpenFlights data: %w", err)
	}
	known, err := readSums(dir)
	if err != nil {
		return fmt.Errorf("download OpenFlights data: %w", err)
	}
	source.Client = source.client()
	defer source.Client.CloseIdleConnections()
	for _, file := range source.Files {
		bar := &progress{out: out, name: file.Name}
		if complete(dir, file, known[file.Name]) {
			bar.say("complete")
			continue
		}
		checksum, err := source.fetch(ctx, file, dir, bar)
		if err != nil {
			return err
		}
		known[file.Name] = checksum
		// After every file, so that an interrupted Download need not begin again.
		if err := known.write(dir); err != nil {
			return fmt.Errorf("download OpenFlights data: %w", err)
		}
	}
	return nil
}

// complete says that the file in the folder dir is the one whose checksum was noted, and the one expected.
func complete(dir string, file File, noted string) bool {
	if noted == "" || file.SHA256 != "" && !strings.EqualFold(noted, file.SHA256) {
		return false
	}
	checksum, err := fileSum(filepath.Join(dir, file.Name))
	return err == nil && checksum == noted
}

// fetch downloads, verifies and puts in place one file, and returns its checksum.
func (s Source) fetch(ctx context.Context, file File, dir string, bar *progress) (checksum string, err error) {
	address, err := s.fileURL(file.Name)
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, file.Name)
	rest := partOf(path)
	if err := s.transfer(ctx, address, rest, bar); err != nil {
		return "", fmt.Errorf("download %s: %w", file.Name, err)
	}
	checksum, report, err := rest.verify(file)
	if err != nil {
		// What is wrong in the part would stay wrong, whatever a later run adds to it.
		return "", cmp.Or(rest.remove(), fmt.Errorf("download %s: %s sent something else: %w; the file in place is kept",
			file.Name, host(address), err))
	}
	if err := rest.finish(path); err != nil {
		return "", fmt.Errorf("download %s: %w", file.Name, err)
	}
	bar.say("%s bytes, %s usable rows", thousands(bar.done), thousands(report.Kept))
	return checksum, nil
}

// verify checks a complete part as the content of the file.
func (p part) verify(file File) (checksum string, report FileReport, err error) {
	if checksum, err = fileSum(p.path); err != nil {
		return "", report, err
	}
	content, err := os.Open(p.path)
	if err != nil {
		return "", report, err
	}
	defer content.Close()
	report, err = file.verify(content, checksum)
	return checksum, report, err
}

// transfer completes the part from the address.
func (s Source) transfer(ctx context.Context, address string, rest part, bar *progress) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	size, etag := rest.state()
	answer, err := s.get(ctx, address, size, etag)
	if err != nil {
		return err
	}
	if answer.StatusCode == http.StatusRequestedRangeNotSatisfiable && size > 0 {
		// What is there is at least as long as what is published: begin again.
		answer.Body.Close()
		if answer, err = s.get(ctx, address, 0, ""); err != nil {
			return err
		}
	}
	defer answer.Body.Close()
	from, total, err := extent(answer, size)
	if errors.Is(err, errWrongRange) {
		return cmp.Or(rest.remove(), err)
	}
	if err != nil {
		return err
	}
	if total > maxFile {
		return fmt.Errorf("%s bytes, more than %d MiB", thousands(total), maxFile>>20)
	}
	var file *os.File
	if from > 0 {
		file, err = rest.resume()
	} else {
		file, err = rest.begin(answer.Header.Get("ETag"))
	}
	if err != nil {
		return err
	}
	bar.start(from, total)
	watchdog := time.AfterFunc(s.stall(), func() { cancel(errStalled) })
	defer watchdog.Stop()
	body := &watched{in: answer.Body, alive: func() { watchdog.Reset(s.stall()) }}
	_, err = io.Copy(io.MultiWriter(file, bar), io.LimitReader(body, maxFile+1-from))
	// Before the rename: a power cut must not leave a file in place without its content.
	err = cmp.Or(err, file.Sync(), file.Close())
	switch {
	case context.Cause(ctx) != nil:
		err = context.Cause(ctx)
	case bar.done > maxFile:
		return cmp.Or(rest.remove(), fmt.Errorf("more than %d MiB", maxFile>>20))
	case err == nil && total > 0 && bar.done < total:
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		return fmt.Errorf("cut off after %s bytes, run again to go on: %w", thousands(bar.done), err)
	}
	return nil
}

// get asks for the address, or for what follows its first size bytes if it still has the ETag.
func (s Source) get(ctx context.Context, address string, size int64, etag string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// Compressed, neither the length nor a range would be the file's.
	request.Header.Set("Accept-Encoding", "identity")
	if size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", size))
		request.Header.Set("If-Range", etag)
	}
	answer, err := s.Client.Do(request)
	switch {
	case err != nil && ctx.Err() != nil:
		return nil, context.Cause(ctx)
	case err != nil:
		return nil, fmt.Errorf("could not reach %s: check the network; the built-in sample works without (%w)",
			host(address), cause(err))
	}
	return answer, nil
}

// extent is the first byte that the answer holds and the length of the whole file, -1 where the server does not say.
// size is how many bytes were there when asking.
func extent(answer *http.Response, size int64) (from, total int64, err error) {
	switch answer.StatusCode {
	case http.StatusOK:
		return 0, answer.ContentLength, nil
	case http.StatusPartialContent:
		var last int64
		text := answer.Header.Get("Content-Range")
		if _, err := fmt.Sscanf(text, "bytes %d-%d/%d", &from, &last, &total); err != nil || from != size || last+1 != total {
			return 0, 0, fmt.Errorf("%s: %w: %s", answer.Request.URL.Host, errWrongRange, clip(text))
		}
		return from, total, nil
	}
	return 0, 0, fmt.Errorf("%s answered %s", answer.Request.URL, answer.Status)
}

// cause is the error without the request's method and address, which the caller names.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// host is the host of an address, for messages.
func host(address string) string {
	parsed, err := url.Parse(address)
	if err != nil {
		return address
	}
	return parsed.Host
}

// watched reports every read that brought something.
type watched struct {
	in    io.Reader
	alive func()
}

func (w *watched) Read(into []byte) (int, error) {
	n, err := w.in.Read(into)
	if n > 0 {
		w.alive()
	}
	return n, err
}
