package bench

import (
	"fmt"
	"time"
)

// Ledger is what one run measured.
type Ledger struct {
	Date time.Time `json:"date"`
	// Took is the whole run's time.
	Took     time.Duration `json:"took_ns"`
	Short    bool          `json:"short"`
	Machine  Machine       `json:"machine"`
	Versions []Version     `json:"versions"`
	Sections []Section     `json:"sections"`
}

// Section is what one benchmark measured.
type Section struct {
	Name  string `json:"name"`
	Title string `json:"title"`
	Rows  []Row  `json:"rows"`
	// Missing says what the machine lacks to measure it; empty when it was measured.
	Missing string `json:"missing,omitempty"`
}

// Row is one figure.
type Row struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
	// Unit is that of Value and of the reference's value; empty for a plain number.
	Unit string `json:"unit,omitempty"`
	// Reference was measured beside it, in the same run; nil when there is none.
	Reference *Reference `json:"reference,omitempty"`
	// Target is what the workshop promises, Wide what even a busy machine must keep to. They bound the ratio to the
	// reference when there is one, else the value; nil is no bound.
	Target *Bound `json:"target,omitempty"`
	Wide   *Bound `json:"wide,omitempty"`
	// Note says how it was measured, in a few words.
	Note string `json:"note,omitempty"`
	// Command shows the figure.
	Command string `json:"command"`
}

// Reference is what a figure is compared with.
type Reference struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"`
}

// Bound is the most, or the least, that a figure may be.
type Bound struct {
	Limit   float64 `json:"limit"`
	AtLeast bool    `json:"at_least,omitempty"`
}

func atMost(limit float64) *Bound  { return &Bound{Limit: limit} }
func atLeast(limit float64) *Bound { return &Bound{Limit: limit, AtLeast: true} }

// Ratio is the value divided by the reference's; 0 without a reference.
func (r Row) Ratio() float64 {
	if r.Reference == nil {
		return 0
	}
	return r.Value / r.Reference.Value
}

// Meets tells whether the figure keeps to the bound; everything keeps to none.
func (r Row) Meets(bound *Bound) bool {
	if bound == nil {
		return true
	}
	figure := r.Value
	if r.Reference != nil {
		figure = r.Ratio()
	}
	// Not negated: a figure that is no number keeps to nothing.
	if bound.AtLeast {
		return figure >= bound.Limit
	}
	return figure <= bound.Limit
}

// Missed are the rows that miss their target, in words.
func (l Ledger) Missed() []string { return l.outside(func(r Row) *Bound { return r.Target }) }

// Broken are the rows outside the wide bounds, in words: no noise explains them.
func (l Ledger) Broken() []string { return l.outside(func(r Row) *Bound { return r.Wide }) }

func (l Ledger) outside(bound func(Row) *Bound) []string {
	var found []string
	for _, section := range l.Sections {
		for _, row := range section.Rows {
			if !row.Meets(bound(row)) {
				found = append(found, fmt.Sprintf("%s: %s, required %s; `%s` measures it again",
					row.Name, row.figure(), row.limit(bound(row)), row.Command))
			}
		}
	}
	return found
}

// figure is what a bound is about, in words: the ratio, or the value.
func (r Row) figure() string {
	if r.Reference != nil {
		return fmt.Sprintf("%s times %s", number(r.Ratio()), r.Reference.Name)
	}
	return r.amount(r.Value)
}

// limit is a bound in words; empty for none.
func (r Row) limit(bound *Bound) string {
	if bound == nil {
		return ""
	}
	word := "at most "
	if bound.AtLeast {
		word = "at least "
	}
	if r.Reference != nil {
		return word + number(bound.Limit) + " times"
	}
	return word + r.amount(bound.Limit)
}

// amount is a value with its unit.
func (r Row) amount(value float64) string {
	if r.Unit == "" {
		return number(value)
	}
	return number(value) + " " + r.Unit
}

// number writes a number with three digits that matter.
func number(value float64) string {
	switch {
	case value == float64(int64(value)):
		return fmt.Sprintf("%.0f", value)
	case value >= 100 || value <= -100:
		return fmt.Sprintf("%.0f", value)
	case value >= 10 || value <= -10:
		return fmt.Sprintf("%.1f", value)
	case value >= 1 || value <= -1:
		return fmt.Sprintf("%.2f", value)
	default:
		return fmt.Sprintf("%.3g", value)
	}
}
