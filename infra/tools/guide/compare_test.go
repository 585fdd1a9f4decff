package guide

import (
	"slices"
	"testing"
)

func TestCompare(t *testing.T) {
	for _, test := range []struct {
		what      string
		want, got []string
		same      bool
	}{
		{"equal", []string{"a", "b"}, []string{"a", "b"}, true},
		{"another word", []string{"200 OK"}, []string{"504 OK"}, false},
		{"a line missing", []string{"a", "b"}, []string{"a"}, false},
		{"a line more", []string{"a"}, []string{"a", "b"}, false},
		{"a share near", []string{"success 89.5 %"}, []string{"success  97.0 %"}, true},
		{"a share far", []string{"success 89.5 %"}, []string{"success 60.0 %"}, false},
		{"a time in another unit", []string{"p50 980 ms"}, []string{"p50 1.02 s"}, true},
		{"a time far", []string{"p50 980 ms"}, []string{"p50 3.10 s"}, false},
		{"a short time on a busy machine", []string{"p50 0.4 ms"}, []string{"p50 31 ms"}, true},
		{"counts near", []string{"200 x 178, 504 x 22"}, []string{"200 x 190, 504 x 10"}, true},
		{"counts far", []string{"200 x 178, 504 x 22"}, []string{"200 x 60, 504 x 140"}, false},
		{"a status more", []string{"200 x 178"}, []string{"200 x 177, 504 x 1"}, false},
		{"a duration in JSON", []string{`{"status":"Healthy","duration":1.24}`}, []string{`{"status":"Healthy","duration":4.8}`}, true},
		{"a status in JSON", []string{`{"status":"Healthy","duration":1.24}`}, []string{`{"status":"Degraded","duration":1.24}`}, false},
		{"a date", []string{"2026/01/02 03:04:05 WARN retry"}, []string{"2027/11/12 13:14:15 WARN retry"}, true},
		{"a request's id", []string{"WARN timeout request=khdpgs"}, []string{"WARN timeout request=4mst0a"}, true},
		{"lines left out", []string{"a", "...", "z"}, []string{"a", "b", "c", "z"}, true},
		{"no line left out", []string{"a", "...", "z"}, []string{"a", "z"}, true},
		{"the wrong end", []string{"a", "...", "z"}, []string{"a", "b", "y"}, false},
		{"lines left out in two places", []string{"a", "...", "m", "...", "z"}, []string{"a", "b", "m", "n", "m", "z"}, true},
		{"the middle is missing", []string{"a", "...", "m", "...", "z"}, []string{"a", "b", "c", "z"}, false},
		{"the end left out", []string{"a", "..."}, []string{"a", "b", "c"}, true},
		{"the beginning left out", []string{"...", "c"}, []string{"a", "b", "c"}, true},
		{"a number too far, after lines left out", []string{"...", "p50 980 ms"}, []string{"a", "p50 9.1 s"}, false},
		{"too short for its end", []string{"...", "y", "z"}, []string{"z"}, false},
	} {
		if got := compare(test.want, test.got); (got == "") != test.same {
			t.Errorf("%s: got difference %q, want same %t", test.what, got, test.same)
		}
	}
}

func TestShortened(t *testing.T) {
	got := shortened([]string{"a", "...", "z 1 ms"}, []string{"a", "B", "C", "z 2 s"})
	if want := []string{"a", "...", "z 2 s"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got = shortened([]string{"...", "took 2 ms", "..."}, []string{"A", "took 900 ms", "C", "D"})
	if want := []string{"...", "took 900 ms", "..."}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	got = shortened(nil, []string{"A", "B"})
	if want := []string{"A", "B"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestFound(t *testing.T) {
	log := []string{
		"2026/11/24 21:22:46 INFO listening url=http://127.0.0.1:5000",
		"2026/11/24 21:22:47 WARN retry attempt=1 delay=31.2ms",
		"2026/11/24 21:22:48 WARN retry attempt=2 delay=44.1ms",
	}
	want := []string{"2026/01/01 00:00:00 WARN retry attempt=2 delay=50ms"}
	if lines, missing := found(want, log, sameShape); missing != "" || !slices.Equal(lines, log[2:]) {
		t.Errorf("got %q and %q missing, want the second retry", lines, missing)
	}
	for _, want := range [][]string{
		{"2026/01/01 00:00:00 WARN retry attempt=3 delay=50ms"},
		{log[2], log[1]},
	} {
		if lines, missing := found(want, log, sameShape); missing == "" {
			t.Errorf("%q: got %q, want none: it is not there, or not in this order", want, lines)
		}
	}
}
