package openflights

import "chaosworkshop/shared/model"

// countries is countries.dat: name, ISO 3166-1 alpha-2 code, code of OurAirports (FIPS 10-4).
//
// Uninhabited islands have no ISO code, and two countries are in the file once for each of their two FIPS codes. The
// ISO code is the key: these rows are rejected.
func countries() table[model.Country] {
	return table[model.Country]{
		name:  "countries.dat",
		width: 3,
		decode: func(r *row) model.Country {
			country := model.Country{
				Name: r.text(0, "name", 255),
				Code: r.key(1, "code", 8),
				DST:  unknownDST,
			}
			if code := r.text(2, "oa_code", 8); code != "" {
				country.OACode = new(code)
			}
			return country
		},
		key: func(c model.Country) string { return c.Code },
	}
}

// unknownDST is the letter of an unknown daylight saving scheme.
const unknownDST = "U"
