package livepage

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"net/http"
	"path"
	"time"

	"github.com/tsenart/vegeta/v12/lib/plot"
)

//go:embed site
var siteFiles embed.FS

// pageMode is where a page gets its race from.
type pageMode string

// The modes of a page: from a stream of events, from a recording that the server has, or from within itself.
const (
	pageLive     pageMode = "live"
	pageReplay   pageMode = "replay"
	pageTakeHome pageMode = "take-home"
)

// modules are the page's own scripts, by the names under which they import each other.
var modules = []string{"app", "actions", "announce", "controls", "header", "lane", "marks", "numbers", "player", "plot", "stream", "timeline"}

// page is what the template of the page is filled with.
type page struct {
	Mode pageMode
	// Imports is the import map, a whole element.
	Imports template.HTML
	// The rest is set in a page that holds everything itself.
	Style  template.CSS
	Chart  template.JS
	Main   template.JS
	Run    template.JS
	Inline bool
}

// site is the page as it is served, with its content security policy.
type site struct {
	index  []byte
	policy string
}

// newSite fills the page.
func newSite(mode pageMode) (*site, error) {
	imports := map[string]string{}
	for _, name := range modules {
		imports["race/"+name] = "/" + name + ".js"
	}
	imported, err := importMap(imports)
	if err != nil {
		return nil, err
	}
	var index bytes.Buffer
	if err := writePage(&index, page{Mode: mode, Imports: element(imported)}); err != nil {
		return nil, err
	}
	// The import map is the one script within the page, so the policy names it by its hash.
	hash := sha256.Sum256([]byte(imported))
	return &site{index.Bytes(), "default-src 'none'; connect-src 'self'; style-src 'self'; img-src 'self'; " +
		"script-src 'self' 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"}, nil
}

// handle adds the page and its parts to the routes.
func (s *site) handle(routes *http.ServeMux) {
	routes.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		_, _ = w.Write(s.index) // The browser is gone; there is nobody to tell.
	})
	parts := []string{"style.css", "main.js", "icon.svg"}
	for _, name := range modules {
		parts = append(parts, name+".js")
	}
	for _, name := range parts {
		routes.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			http.ServeFileFS(w, r, siteFiles, "site/"+name)
		})
	}
	for _, name := range []string{"uPlot.min.js", "uPlot.min.css"} {
		routes.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			file, err := plot.Assets.Open(name)
			if err != nil {
				http.NotFound(w, r)
				return
			}
			defer file.Close()
			http.ServeContent(w, r, name, time.Time{}, file)
		})
	}
}

// takeHome writes a page that holds the whole race, its scripts and its chart library: it needs no server and no network.
func takeHome(w http.ResponseWriter, run func(io.Writer) error) {
	var text, whole bytes.Buffer
	err := run(&text)
	if err == nil {
		err = writeTakeHome(&whole, text.String())
	}
	if err != nil {
		http.Error(w, "The page could not be made: "+err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Content-Disposition", `attachment; filename="chaos-race.html"`)
	_, _ = w.Write(whole.Bytes()) // The browser is gone; there is nobody to tell.
}

// writeTakeHome writes the page around a run.
func writeTakeHome(out io.Writer, run string) error {
	all := page{Mode: pageTakeHome, Inline: true, Run: template.JS(run)}
	imports := map[string]string{}
	for _, name := range modules {
		text, err := siteFiles.ReadFile("site/" + name + ".js")
		if err != nil {
			return fmt.Errorf("read the page: %w", err)
		}
		imports["race/"+name] = "data:text/javascript;base64," + base64.StdEncoding.EncodeToString(text)
	}
	imported, err := importMap(imports)
	if err != nil {
		return err
	}
	all.Imports = element(imported)
	texts := map[string]string{"site/main.js": "", "site/style.css": "", "uPlot.min.js": "", "uPlot.min.css": ""}
	for name := range texts {
		text, err := readAsset(name)
		if err != nil {
			return fmt.Errorf("read the page: %w", err)
		}
		texts[name] = text
	}
	all.Style = template.CSS(texts["uPlot.min.css"] + texts["site/style.css"])
	all.Chart, all.Main = template.JS(texts["uPlot.min.js"]), template.JS(texts["site/main.js"])
	return writePage(out, all)
}

// readAsset reads one of our own files, or one of the chart library's.
func readAsset(name string) (string, error) {
	if path.Dir(name) == "site" {
		text, err := siteFiles.ReadFile(name)
		return string(text), err
	}
	file, err := plot.Assets.Open(name)
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := io.ReadAll(file)
	return string(text), err
}

// importMap tells the browser where the modules are, as JSON.
func importMap(imports map[string]string) (string, error) {
	text, err := json.Marshal(map[string]any{"imports": imports})
	if err != nil {
		return "", fmt.Errorf("list the modules: %w", err)
	}
	return string(text), nil
}

// element is the element of an import map. All its text is ours.
func element(imports string) template.HTML {
	return template.HTML(`<script type="importmap">` + imports + `</script>`)
}

// writePage fills the template of the page.
func writePage(out io.Writer, all page) error {
	index, err := template.ParseFS(siteFiles, "site/index.html")
	if err != nil {
		return fmt.Errorf("read the page: %w", err)
	}
	if err := index.Execute(out, all); err != nil {
		return fmt.Errorf("fill the page: %w", err)
	}
	return nil
}
