package guide

import (
	"slices"
	"strings"
	"testing"
)

func TestParse(t *testing.T) {
	doc, err := parse("README.md", strings.Join([]string{
		"# Title",
		"```sh keep",
		"make exercise1",
		"```",
		"<!-- generated: schema -->",
		"```mermaid",
		"erDiagram",
		"```",
		"<!-- end generated -->",
		"The end",
		"",
	}, "\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := len(doc.blocks), 2; got != want {
		t.Fatalf("got %d blocks, want %d", got, want)
	}
	if b := doc.blocks[0]; b.language != "sh" || !b.has("keep") || !slices.Equal(doc.text(b), []string{"make exercise1"}) {
		t.Errorf("got block %+v with %q, want sh keep with make exercise1", b, doc.text(b))
	}
	if got, want := doc.regions, []region{{"schema", 5, 8}}; !slices.Equal(got, want) {
		t.Errorf("got regions %v, want %v", got, want)
	}
	prose := doc.prose()
	if _, inside := prose[2]; inside || prose[9] != "The end" {
		t.Errorf("got prose %v, want the lines outside blocks", prose)
	}
	got := doc.replaced([]place{{2, 3, []string{"make exercise2", "more"}}})
	if !strings.HasPrefix(got, "# Title\n```sh keep\nmake exercise2\nmore\n```\n") || !strings.HasSuffix(got, "The end\n") {
		t.Errorf("got %q, want the block's content replaced and nothing else", got)
	}
}

func TestParseRefusesWhatItCannotJudge(t *testing.T) {
	for text, want := range map[string]string{
		"```\nls\n```\n":                         "README.md:1: the block has no language",
		"hello\n```sh\nls\n":                     "README.md:2: the block does not end",
		"<!-- generated: variables -->\nhello\n": "README.md:1: the generated region does not end",
	} {
		if _, err := parse("README.md", text); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: got error %v, want %s", text, err, want)
		}
	}
}

func TestAnchor(t *testing.T) {
	if got, want := anchor("## Windows, without `make`"), "windows-without-make"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
