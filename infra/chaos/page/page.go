// Package page builds a page: a template with its style, its script and its data, in one file that needs no network.
// The live page, a recorded race, a load and the proof matrix share the chart, its marks, their words and their colours.
package page

import (
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"strings"
)

//go:embed site
var shared embed.FS

// Page is a page without its data.
type Page struct {
	template *template.Template
	// Policy is the content security policy: nothing but the page's own style and script may run in it.
	Policy string
}

// New returns the page of a folder named site: page.html includes {{style}} and {{script}}: the files that all pages share,
// then the folder's own .css and .js files, in the order of their names. The .js files make one script, which ends with a
// call of start. functions, which may be nil, are for the template.
func New(files fs.FS, functions template.FuncMap) (*Page, error) {
	style, err := join(files, "site/*.css")
	if err != nil {
		return nil, err
	}
	script, err := join(files, "site/*.js")
	if err != nil {
		return nil, err
	}
	script += "start();\n"
	parsed, err := template.New("page.html").Funcs(functions).Funcs(template.FuncMap{
		"style":  func() template.CSS { return template.CSS(style) },
		"script": func() template.JS { return template.JS(script) },
	}).ParseFS(files, "site/page.html")
	if err != nil {
		return nil, fmt.Errorf("read the page: %w", err)
	}
	return &Page{parsed, "default-src 'none'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; " +
		"frame-ancestors 'none'; style-src " + hash(style) + "; script-src " + hash(script)}, nil
}

// Write writes the page around its data.
func (p *Page) Write(out io.Writer, data any) error {
	if err := p.template.Execute(out, data); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	return nil
}

// join is the text of all files that fit the pattern: those that pages share, then the page's own.
func join(files fs.FS, pattern string) (string, error) {
	var text strings.Builder
	for _, from := range []fs.FS{shared, files} {
		names, err := fs.Glob(from, pattern)
		if err != nil {
			return "", fmt.Errorf("read the page: %w", err)
		}
		for _, name := range names {
			part, err := fs.ReadFile(from, name)
			if err != nil {
				return "", fmt.Errorf("read the page: %w", err)
			}
			text.Write(part)
		}
	}
	// A browser drops the carriage returns that a checkout may have added before it computes the hash.
	return strings.ReplaceAll(text.String(), "\r", ""), nil
}

// hash names the text of a script or a style to a content security policy.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}
