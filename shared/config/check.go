package config

import (
	"cmp"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"time"
)

// check returns one line for each variable of the settings T that is not a number, not a duration or out of its range, with its
// source where that is known.
func check[T any](values, sources map[string]string) []string {
	var wrong []string
	all := variables(reflect.TypeFor[T]())
	for _, field := range all {
		if line := problem(all, values, field); line != "" {
			if source := sources[field.Tag.Get("env")]; source != "" {
				line += " (set in " + source + ")"
			}
			wrong = append(wrong, line)
		}
	}
	return wrong
}

// problem says what a variable must be, if it is not.
func problem(all []reflect.StructField, values map[string]string, field reflect.StructField) string {
	text := textOf(field, values)
	if text == "" || kind(field.Type) == "" {
		return ""
	}
	low, from := bound(all, values, field, "min", "at least", math.MinInt64)
	high, to := bound(all, values, field, "max", "at most", math.MaxInt64)
	if value, ok := number(field.Type, text); ok && low <= value && value <= high {
		return ""
	}
	return field.Tag.Get("env") + " must be " + kind(field.Type) + from + to
}

// variables are the fields of a struct that a variable sets, including those of nested structs.
func variables(of reflect.Type) []reflect.StructField {
	var all []reflect.StructField
	for field := range of.Fields() {
		if field.Type.Kind() == reflect.Struct {
			all = append(all, variables(field.Type)...)
		}
		if name := field.Tag.Get("env"); name != "" && name != "-" {
			all = append(all, field)
		}
	}
	return all
}

// textOf is what a field is set to, or its default.
func textOf(field reflect.StructField, values map[string]string) string {
	return cmp.Or(values[field.Tag.Get("env")], field.Tag.Get("envDefault"))
}

// bound returns the bound in the field's tag, and words for it: ", at least 1ms" or ", at least TIMEOUT (1s)". If there is
// none, or if it is another variable whose value is wrong, it returns none and no words.
func bound(all []reflect.StructField, values map[string]string, field reflect.StructField, tag, word string, none int64) (int64, string) {
	text := field.Tag.Get(tag)
	words := text
	for _, other := range all {
		if other.Tag.Get("env") != text {
			continue
		}
		if problem(all, values, other) != "" {
			return none, ""
		}
		text = textOf(other, values)
		words += " (" + text + ")"
	}
	limit, ok := number(field.Type, text)
	if !ok {
		return none, ""
	}
	return limit, fmt.Sprintf(", %s %s", word, words)
}

// number is the value of a whole number, or of a duration in nanoseconds.
func number(of reflect.Type, text string) (int64, bool) {
	if of == reflect.TypeFor[time.Duration]() {
		duration, err := time.ParseDuration(text)
		return int64(duration), err == nil
	}
	whole, err := strconv.ParseInt(text, 10, 64)
	return whole, err == nil
}

// kind says what a variable of the type holds; it is empty when any text will do.
func kind(of reflect.Type) string {
	switch {
	case of == reflect.TypeFor[time.Duration]():
		return "a duration such as 500ms"
	case of.Kind() == reflect.Int || of.Kind() == reflect.Uint:
		return "a whole number"
	}
	return ""
}
