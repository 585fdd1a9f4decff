package openflights

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// publisher is a local server for the small set, like OpenFlights' repository for the full one.
type publisher struct {
	mutex sync.Mutex
	files map[string]string
	etag  string
	// trouble, unless nil, answers instead, where it returns true.
	trouble func(w http.ResponseWriter, r *http.Request, content string) bool
	// asked are the requests so far, each a path and a Range.
	asked []string
}

func (p *publisher) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mutex.Lock()
	p.asked = append(p.asked, strings.TrimSpace(r.URL.Path+" "+r.Header.Get("Range")))
	content, etag, trouble := p.files[strings.TrimPrefix(r.URL.Path, "/data/")], p.etag, p.trouble
	p.mutex.Unlock()
	w.Header().Set("ETag", etag)
	if trouble == nil || !trouble(w, r, content) {
		http.ServeContent(w, r, "", time.Time{}, strings.NewReader(content))
	}
}

// change changes the served content from now on. A request that was cut off may still be on its way.
func (p *publisher) change(do func()) {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	do()
}

// publish serves the small set until the test ends.
func publish(t *testing.T) (*publisher, Source) {
	t.Helper()
	t.Cleanup(func() { goleak.VerifyNone(t) })
	p := &publisher{files: smallSet(), etag: `"one"`}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	source := Source{URL: server.URL + "/data/"}
	for _, file := range Published().Files {
		source.Files = append(source.Files, File{Name: file.Name, Rows: 1})
	}
	return p, source
}

// readAll is the content of every file in the folder, by name.
func readAll(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		content, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[entry.Name()] = string(content)
	}
	return files
}

// withSums adds to the files the list of their checksums.
func withSums(files map[string]string) map[string]string {
	for _, name := range []string{"airlines.dat", "airports.dat", "countries.dat", "locales.dat", "routes.dat"} {
		files[sumsName] += fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(files[name])), name)
	}
	return files
}

func TestDownload(t *testing.T) {
	p, source := publish(t)
	dir := filepath.Join(t.TempDir(), "data", "openflights")
	var out bytes.Buffer
	if err := Download(t.Context(), source, dir, &out); err != nil {
		t.Fatal(err)
	}
	if got, want := readAll(t, dir), withSums(smallSet()); !reflect.DeepEqual(got, want) {
		t.Errorf("files:\n%q\nwant:\n%q", got, want)
	}
	if _, report, err := Load(dir); err != nil || report.Rejected() != 0 {
		t.Errorf("load: %v, %d rows rejected", err, report.Rejected())
	}
	for _, want := range []string{"countries.dat: 24 bytes\n", "countries.dat: 100 %\n", "airports.dat: 166 bytes, 2 usable rows\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("progress lacks %q:\n%s", want, out.String())
		}
	}

	// Again: only changed files are fetched.
	spoilt := filepath.Join(dir, "routes.dat")
	if err := os.WriteFile(spoilt, []byte("XX,7,EAS,1,WES,2,Y,1,320 321\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	p.change(func() { p.asked = nil })
	out.Reset()
	if err := Download(t.Context(), source, dir, &out); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/data/routes.dat"}; !reflect.DeepEqual(p.asked, want) {
		t.Errorf("asked again for %q, want %q", p.asked, want)
	}
	if got, want := readAll(t, dir), withSums(smallSet()); !reflect.DeepEqual(got, want) {
		t.Errorf("files after the second time:\n%q\nwant:\n%q", got, want)
	}
	if want := "locales.dat: complete\n"; !strings.Contains(out.String(), want) {
		t.Errorf("progress lacks %q:\n%s", want, out.String())
	}
}

// Whatever goes wrong with a file: one line says so, the old file stays as it was, and the next run fixes it.
func TestDownloadFails(t *testing.T) {
	const name = "airports.dat"
	answer := func(status int, text string) func(http.ResponseWriter, *http.Request, string) bool {
		return func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			w.WriteHeader(status)
			io.WriteString(w, text)
			return true
		}
	}
	for _, test := range []struct {
		name    string
		trouble func(w http.ResponseWriter, r *http.Request, content string) bool
		want    string
	}{
		{name: "truncated", trouble: truncate, want: "cut off after 83 bytes, run again to continue: unexpected EOF"},
		{name: "corrupted", trouble: answer(http.StatusOK, "\x00\x01\x02\n\xff\xfe"), want: "the server sent something unexpected: 0 usable rows, at least 1 expected; nothing was replaced"},
		{name: "empty", trouble: answer(http.StatusOK, ""), want: "0 usable rows"},
		{name: "web page", trouble: answer(http.StatusOK, "<html>Log in to this network</html>"), want: "0 usable rows"},
		{name: "not found", trouble: answer(http.StatusNotFound, "no"), want: "answered 404 Not Found"},
		{name: "server error", trouble: answer(http.StatusServiceUnavailable, "no"), want: "answered 503 Service Unavailable"},
		{name: "part that was not asked for", trouble: answer(http.StatusPartialContent, "x"), want: "answered 206 Partial Content"},
		{name: "stalled before the answer", trouble: stallAfter(0), want: "could not reach 127.0.0.1:"},
		{name: "stalled in the middle", trouble: stallAfter(9), want: "cut off after 9 bytes, run again to continue: the server stopped sending"},
		{name: "hung up", trouble: func(http.ResponseWriter, *http.Request, string) bool { panic(http.ErrAbortHandler) }, want: "could not reach 127.0.0.1:"},
		{name: "announced as too large", trouble: func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			w.Header().Set("Content-Length", fmt.Sprint(maxFile+1))
			return true
		}, want: "more than 64 MiB"},
		{name: "endless", trouble: func(w http.ResponseWriter, _ *http.Request, _ string) bool {
			for chunk := make([]byte, 1<<20); ; {
				if _, err := w.Write(chunk); err != nil {
					return true
				}
			}
		}, want: "more than 64 MiB"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, source := publish(t)
			source.Stall = 200 * time.Millisecond
			p.trouble = func(w http.ResponseWriter, r *http.Request, content string) bool {
				return test.trouble != nil && strings.HasSuffix(r.URL.Path, name) && test.trouble(w, r, content)
			}
			old := smallSet()
			old[name] = `3,"Old","","Mu",\N,"XOLD",1,2,3,4,"U","","airport","Nowhere"` + "\n"
			dir := write(t, old)

			err := Download(t.Context(), source, dir, io.Discard)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{"download " + name + ": ", test.want} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q, want it to say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error of more than one line: %q", err)
			}
			if got := readAll(t, dir)[name]; got != old[name] {
				t.Errorf("%s is %q, want the old %q", name, got, old[name])
			}
			if _, _, err := Load(dir); err != nil {
				t.Errorf("load what was there: %v", err)
			}

			p.change(func() { p.trouble = nil })
			if err := Download(t.Context(), source, dir, io.Discard); err != nil {
				t.Fatalf("next run: %v", err)
			}
			if got, want := readAll(t, dir), withSums(smallSet()); !reflect.DeepEqual(got, want) {
				t.Errorf("files after the next run:\n%q\nwant:\n%q", got, want)
			}
		})
	}
}

// A partial file does not count: Load finds nothing to serve.
func TestDownloadHalfWrittenIsNotLoadable(t *testing.T) {
	p, source := publish(t)
	p.trouble = truncate
	dir := t.TempDir()
	if err := Download(t.Context(), source, dir, io.Discard); err == nil {
		t.Fatal("no error")
	}
	if _, _, err := Load(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("load: %v, want %v", err, fs.ErrNotExist)
	}
}

// A run after one that was cut off asks only for the rest, unless the server cannot promise that it is the rest.
func TestDownloadGoesOn(t *testing.T) {
	const whole, rest = "/data/routes.dat", "/data/routes.dat bytes=14-"
	for _, test := range []struct {
		name    string
		etag    string
		newETag string
		trouble func(w http.ResponseWriter, r *http.Request, content string) bool
		want    []string
	}{
		{name: "where it was cut", etag: `"one"`, want: []string{rest}},
		{name: "anew after a change", etag: `"one"`, newETag: `"two"`, want: []string{rest}},
		{name: "anew on a weak ETag", etag: `W/"one"`, want: []string{whole}},
		{name: "anew without an ETag", want: []string{whole}},
		{name: "anew after a wrong range", etag: `"one"`, want: []string{rest, whole},
			trouble: func(w http.ResponseWriter, r *http.Request, content string) bool {
				if r.Header.Get("Range") == "" {
					return false
				}
				w.Header().Set("Content-Range", fmt.Sprintf("bytes 0-%d/%d", len(content)-1, len(content)))
				w.WriteHeader(http.StatusPartialContent)
				io.WriteString(w, content)
				return true
			}},
		{name: "anew where no range satisfies", etag: `"one"`, want: []string{rest, whole},
			trouble: func(w http.ResponseWriter, r *http.Request, content string) bool {
				if r.Header.Get("Range") == "" {
					return false
				}
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return true
			}},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, source := publish(t)
			source.Files = source.Files[4:]
			p.etag, p.trouble = test.etag, truncate
			dir := t.TempDir()
			if err := Download(t.Context(), source, dir, io.Discard); err == nil {
				t.Fatal("no error")
			}
			p.change(func() {
				p.trouble, p.asked = test.trouble, nil
				if test.newETag != "" {
					p.etag = test.newETag
					p.files["routes.dat"] = "XX" + p.files["routes.dat"][2:]
				}
			})
			if err := Download(t.Context(), source, dir, io.Discard); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(p.asked, test.want) {
				t.Errorf("asked for %q, want %q", p.asked, test.want)
			}
			files := readAll(t, dir)
			if got, want := files["routes.dat"], p.files["routes.dat"]; got != want {
				t.Errorf("content %q, want %q", got, want)
			}
			if len(files) != 2 {
				t.Errorf("left behind: %q, want routes.dat and %s only", files, sumsName)
			}
		})
	}
}

// A download that starts again, because the server cannot continue it, has all the time that a slow server needs.
func TestDownloadThatStartsAgainIsNotCutOff(t *testing.T) {
	p, source := publish(t)
	source.Files, source.Stall = source.Files[4:], 300*time.Millisecond
	dir := t.TempDir()
	p.change(func() { p.trouble = truncate })
	if err := Download(t.Context(), source, dir, io.Discard); err == nil {
		t.Fatal("no error")
	}
	p.change(func() {
		p.trouble = func(w http.ResponseWriter, r *http.Request, content string) bool {
			if r.Header.Get("Range") != "" {
				w.WriteHeader(http.StatusRequestedRangeNotSatisfiable)
				return true
			}
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			for i := range 10 {
				time.Sleep(source.Stall / 5)
				io.WriteString(w, content[len(content)*i/10:len(content)*(i+1)/10])
				http.NewResponseController(w).Flush()
			}
			return true
		}
	})
	if err := Download(t.Context(), source, dir, io.Discard); err != nil {
		t.Error(err)
	}
}

func TestDownloadThatIsStopped(t *testing.T) {
	p, source := publish(t)
	source.Files = source.Files[4:]
	ctx, stop := context.WithCancel(t.Context())
	p.change(func() {
		p.trouble = func(w http.ResponseWriter, r *http.Request, content string) bool {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			io.WriteString(w, content[:9])
			http.NewResponseController(w).Flush()
			time.Sleep(50 * time.Millisecond)
			stop()
			<-r.Context().Done()
			return true
		}
	})
	err := Download(ctx, source, t.TempDir(), io.Discard)
	if want := "download routes.dat: stopped after 9 bytes, run again to continue"; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func TestDownloadOffline(t *testing.T) {
	const nobody = "127.0.0.1:1" // What a computer without a network sees.
	source := Published()
	source.URL = "http://" + nobody + "/"
	dir := filepath.Join(t.TempDir(), "data")
	err := Download(t.Context(), source, dir, io.Discard)
	if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is left behind, empty: %v", err)
	}
	want := "download airlines.dat: could not reach " + nobody +
		": check the network; the built-in sample works without (dial tcp "
	if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q, want one line that begins %q", err, want)
	}
}

func TestDownloadInterrupted(t *testing.T) {
	p, source := publish(t)
	ctx, cancel := context.WithCancel(t.Context())
	p.trouble = func(w http.ResponseWriter, r *http.Request, content string) bool {
		cancel()
		<-r.Context().Done()
		return true
	}
	if err := Download(ctx, source, t.TempDir(), io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

func TestDownloadIntoNoFolder(t *testing.T) {
	_, source := publish(t)
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := Download(t.Context(), source, path, io.Discard); err == nil || !strings.Contains(err.Error(), path) {
		t.Errorf("error %v, want one that names %s", err, path)
	}
}

// Load reads exactly the files that are published.
func TestPublished(t *testing.T) {
	if got := Published().URL; !strings.HasPrefix(got, "https://") || !strings.HasSuffix(got, "/") {
		t.Errorf("URL %s, want https and a slash at the end", got)
	}
	dir := write(t, smallSet())
	for _, file := range Published().Files {
		file.Rows = 0
		if _, _, err := file.verify(dir, file.Name); err != nil {
			t.Errorf("%s: %v", file.Name, err)
		}
	}
}

// truncate announces the whole content and hangs up in the middle.
func truncate(w http.ResponseWriter, _ *http.Request, content string) bool {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	io.WriteString(w, content[:len(content)/2])
	w.(http.Flusher).Flush()
	panic(http.ErrAbortHandler)
}

// stallAfter sends that many bytes of the content and then nothing more.
func stallAfter(count int) func(w http.ResponseWriter, r *http.Request, content string) bool {
	return func(w http.ResponseWriter, r *http.Request, content string) bool {
		if count > 0 {
			w.Header().Set("Content-Length", fmt.Sprint(len(content)))
			io.WriteString(w, content[:count])
			w.(http.Flusher).Flush()
		}
		<-r.Context().Done()
		return true
	}
}
