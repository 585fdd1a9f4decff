package page

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

func TestPageHoldsItsPartsAndItsData(t *testing.T) {
	made, err := New(fstest.MapFS{
		"site/page.html": {Data: []byte(`<style>{{style}}</style><script type="application/json">{{.}}</script><script type="module">{{script}}</script>`)},
		"site/own.css":   {Data: []byte("own { color: red; }\r\n")},
		"site/own.js":    {Data: []byte("function start() {}\r\n")},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := made.Write(&out, "</script><b>"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"class Chart", "function start() {}\nstart();\n</script>", "--rejected:", "own { color: red; }\n</style>"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	for _, never := range []string{"</script><b>", "\r"} {
		if strings.Contains(out.String(), never) {
			t.Errorf("the page holds %q", never)
		}
	}
}

func TestRunDrawsEachSpotOnceAndCountsEveryAnswer(t *testing.T) {
	run := NewRun(10_000, []string{"served", "error"})
	for range 1000 {
		run.Add(5000, 2, 0)
	}
	run.Add(5000, 2, 1)
	run.Add(5000, 200, 0)
	run.Add(9000, 2, 0)
	if want := []float64{5000, 2, 0, 5000, 2, 1, 5000, 200, 0, 9000, 2, 0}; !slices.Equal(run.Points, want) {
		t.Errorf("got marks %v, want %v", run.Points, want)
	}
	if want := []int{1002, 1}; !slices.Equal(run.Counts, want) {
		t.Errorf("got counts %v, want %v", run.Counts, want)
	}
}

func TestRunJoinsStatesThatGoOn(t *testing.T) {
	run := NewRun(10_000, nil)
	for i, name := range []string{"closed", "closed", "open", "open", "closed"} {
		run.AddState(name, float64(i)*1000)
	}
	want := []Span{{Name: "closed", To: 2000}, {Name: "open", From: 2000, To: 4000}, {Name: "closed", From: 4000, To: 10_000}}
	if !slices.Equal(run.States, want) {
		t.Errorf("got %v, want %v", run.States, want)
	}
}
