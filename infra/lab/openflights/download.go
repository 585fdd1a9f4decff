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
	"time"
)

// downloadLimit bounds a whole Download.
const downloadLimit = 15 * time.Minute

// Why a transfer ends that is not complete.
var (
	errStalled  = errors.New("the server stopped sending")
	errTooLarge = fmt.Errorf("more than %d MiB, which is no data file of OpenFlights", maxFile>>20)
)

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
	for _, file := range source.Files {
		bar := &progress{out: out, name: file.Name}
		path := filepath.Join(dir, file.Name)
		if checksum, _, err := file.verify(path); err == nil && checksum == known[file.Name] {
			bar.say("complete")
			continue
		}
		known[file.Name], err = source.fetch(ctx, file, path, bar)
		if err != nil {
			return fmt.Errorf("download %s: %w", file.Name, err)
		}
		// After every file, so that an interrupted Download need not begin again.
		if err := known.write(dir); err != nil {
			return fmt.Errorf("download OpenFlights data: %w", err)
		}
	}
	return nil
}

// fetch downloads one file, verifies it, puts it in place at path, and returns its checksum.
func (s Source) fetch(ctx context.Context, file File, path string, bar *progress) (checksum string, err error) {
	rest := partOf(path)
	if err := s.transfer(ctx, s.URL+file.Name, rest, bar); err != nil {
		return "", err
	}
	checksum, report, err := file.verify(rest.path)
	if err != nil {
		// What is wrong in the part would stay wrong, whatever a later run adds to it.
		return "", cmp.Or(rest.remove(), fmt.Errorf("the server sent something else: %w; nothing was replaced", err))
	}
	if err := rest.finish(path); err != nil {
		return "", err
	}
	bar.say("%s bytes, %s usable rows", thousands(bar.done), thousands(report.Kept))
	return checksum, nil
}

// transfer completes the part from the address.
func (s Source) transfer(ctx context.Context, address string, rest part, bar *progress) error {
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
	if answer.StatusCode != http.StatusOK && size > 0 && !continues(answer, size) {
		// The server cannot go on where the part ends: begin again.
		if err := rest.remove(); err != nil {
			return err
		}
		return s.transfer(ctx, address, rest, bar)
	}
	var file *os.File
	switch {
	case answer.ContentLength > maxFile:
		err = errTooLarge
	case answer.StatusCode == http.StatusOK:
		size = 0
		file, err = rest.begin(answer.Header.Get("ETag"))
	case size > 0:
		file, err = rest.resume()
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
	if err != nil {
		return fmt.Errorf("cut off after %s bytes, run again to go on: %w", thousands(bar.done), err)
	}
	return nil
}

// get asks for the address, or for what follows its first size bytes if it still has the ETag.
func get(ctx context.Context, address string, size int64, etag string) (*http.Response, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return nil, err
	}
	// Compressed, neither the length nor a range would be the file's.
	request.Header.Set("Accept-Encoding", "identity")
	// Five requests are not worth a connection that stays open behind them.
	request.Close = true
	if size > 0 {
		request.Header.Set("Range", fmt.Sprintf("bytes=%d-", size))
		request.Header.Set("If-Range", etag)
	}
	answer, err := http.DefaultClient.Do(request)
	if err == nil {
		return answer, nil
	}
	// The request's method and address, which url.Error adds, say nothing that a reader could use.
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
