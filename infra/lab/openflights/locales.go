package openflights

import "chaosworkshop/shared/model"

// locales is locales.dat: locale, name of the language in itself.
func locales() table[model.Locale] {
	return table[model.Locale]{
		name:  "locales.dat",
		width: 2,
		decode: func(r *row) model.Locale {
			return model.Locale{Locale: r.key(0, "locale", 16), Name: r.text(1, "name", 255)}
		},
		key: func(l model.Locale) string { return l.Locale },
	}
}
