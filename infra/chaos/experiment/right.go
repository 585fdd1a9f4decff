package experiment

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// right tells whether answers to the requests are right, and how the others differ. It remembers what the steady state answered.
type right struct {
	requests []Request

	mutex sync.Mutex
	calm  map[int]any
	// lacks says why no answer so far has a value at a path; nil for one that had it.
	lacks map[place]error
	wrongs
}

// wrongs says how answers differed from the right ones, each difference once.
type wrongs struct {
	sync.Mutex
	said []string
}

// add remembers a difference; empty is none.
func (w *wrongs) add(what string) {
	const most = 3
	w.Lock()
	defer w.Unlock()
	if what == "" || slices.Contains(w.said, what) || len(w.said) > most {
		return
	}
	if len(w.said) == most {
		what = "something else differs"
	}
	w.said = append(w.said, what)
}

// differences are those since the last call.
func (w *wrongs) differences() []string {
	w.Lock()
	defer w.Unlock()
	said := w.said
	w.said = nil
	return said
}

// place is a path in the JSON of the answers to a request.
type place struct {
	request int
	path    string
}

// is tells whether an answer to the request with that index is right.
func (r *right) is(index, status int, body []byte) bool {
	what := r.compare(index, status, body)
	r.add(what)
	return what == ""
}

// compare says how an answer to the request with that index differs from the right one; empty if it is right.
func (r *right) compare(index, status int, body []byte) string {
	want := r.requests[index].Right
	switch {
	case want.Status > 0 && status != want.Status:
		return fmt.Sprintf("the status is %d instead of %d", status, want.Status)
	case want.Status == 0 && status >= 300:
		return fmt.Sprintf("the status is %d instead of 2xx", status)
	case want.File != "" && !reflect.DeepEqual(content(body), content(r.requests[index].body)):
		return "not as in " + want.File
	}
	if first := differs(body, want.JSON, func(path string, missing error) { r.note(place{index, path}, missing) }); first != "" {
		return first
	}
	if want.Same && !r.asCalm(index, content(body)) {
		return "not as in the steady state"
	}
	return ""
}

// note remembers whether an answer has a value at a place.
func (r *right) note(at place, missing error) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	if before, known := r.lacks[at]; !known || before != nil {
		r.lacks[at] = missing
	}
}

// asCalm tells whether a body is that of the first answer, which comes without a fault.
func (r *right) asCalm(index int, body any) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	first, known := r.calm[index]
	if !known {
		r.calm[index] = body
	}
	return !known || reflect.DeepEqual(first, body)
}

// content is a body in the form that is compared: JSON without its layout, everything else unchanged.
func content(body []byte) any {
	if value, ok := decoded(body); ok {
		return value
	}
	return string(body)
}

// decoded is a body as JSON, with its numbers as they are written; false if it is none.
func decoded(body []byte) (value any, ok bool) {
	decoder := json.NewDecoder(bytes.NewReader(body))
	decoder.UseNumber()
	err := decoder.Decode(&value)
	return value, err == nil && !decoder.More()
}

// differs says which of the values at the paths a JSON body lacks first; empty for none. It notes for each path whether there is a
// value, or why not.
func differs(body []byte, want map[string]any, note func(path string, missing error)) (first string) {
	if len(want) == 0 {
		return ""
	}
	value, ok := decoded(body)
	if !ok {
		return "the body is not JSON"
	}
	for _, path := range slices.Sorted(maps.Keys(want)) {
		steps, err := stepsOf(path)
		if err != nil {
			return err.Error()
		}
		got, err := at(value, steps)
		note(path, err)
		switch {
		case first != "":
		case err != nil:
			first = fmt.Sprintf("no value at %s; expected %s", path, shown(want[path]))
		case !same(got, want[path]):
			first = fmt.Sprintf("%s is %s instead of %s", path, shown(got), shown(want[path]))
		}
	}
	return first
}

// shown is a value as JSON, shortened.
func shown(value any) string {
	const most = 40
	var text strings.Builder
	encoder := json.NewEncoder(&text)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(value) // It comes from JSON, or has passed the schema.
	if letters := []rune(strings.TrimSpace(text.String())); len(letters) > most {
		return string(letters[:most]) + "..."
	}
	return strings.TrimSpace(text.String())
}

// same tells whether a value of JSON is that of the experiment. 250 is 250.0 and 2.5e2, but not the text "250".
func same(got, want any) bool {
	number, ok := got.(json.Number)
	if !ok {
		return reflect.DeepEqual(got, want)
	}
	switch want.(type) {
	case int, int64, uint64, float64:
		a, b := number.String(), fmt.Sprint(want)
		if !strings.ContainsAny(a+b, ".eE") {
			return a == b // Whole ones may have more digits than a float64 holds.
		}
		x, _ := strconv.ParseFloat(a, 64)
		y, _ := strconv.ParseFloat(b, 64)
		return x == y
	}
	return false
}

// at is the value at a path, or says where the path ends too early.
func at(value any, steps []string) (any, error) {
	const most = 12 // Names to propose.
	for _, step := range steps {
		switch parent := value.(type) {
		case map[string]any:
			child, ok := parent[step]
			if !ok {
				names := slices.Sorted(maps.Keys(parent))
				return nil, fmt.Errorf("the object has no key %q; %s", step, instead(step, names[:min(most, len(names))]))
			}
			value = child
		case []any:
			index, err := strconv.Atoi(step)
			if err != nil || index >= len(parent) {
				return nil, fmt.Errorf("%q is not an index of this list of %d; the first is [0]", step, len(parent))
			}
			value = parent[index]
		default:
			return nil, fmt.Errorf("the value before %q is neither an object nor a list; shorten the path", step)
		}
	}
	return value, nil
}

// step is a part of a path: .name or [0].
var step = regexp.MustCompile(`^(\.[^.\[\]]+|\[\d+\])`)

// stepsOf are the names and indexes of a path such as $.items[0].name.
func stepsOf(path string) ([]string, error) {
	rest, ok := strings.CutPrefix(path, "$")
	var steps []string
	for ok && rest != "" {
		found := step.FindString(rest)
		steps, rest, ok = append(steps, strings.Trim(found, ".[]")), rest[len(found):], found != ""
	}
	if !ok {
		return nil, fmt.Errorf("%q is not a path in JSON; expected one such as $.items[0].name", path)
	}
	return steps, nil
}
