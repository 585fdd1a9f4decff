package model

// Airline is a row of airlines: a carrier, which flies routes.
//
// Source: OpenFlights airlines.dat. Mode and Active are one letter each ("F" for a flight carrier; "Y" or "N").
type Airline struct {
	ALID     int    `gorm:"column:alid;primaryKey;autoIncrement:false"`
	Name     string `gorm:"column:name;size:255;not null"`
	IATA     string `gorm:"column:iata;size:8;not null;index:airlines_iata"`
	ICAO     string `gorm:"column:icao;size:8;not null"`
	Callsign string `gorm:"column:callsign;size:255;not null"`
	Country  string `gorm:"column:country;size:255;not null"`
	UID      *int   `gorm:"column:uid"`
	Alias    string `gorm:"column:alias;size:255;not null"`
	Mode     string `gorm:"column:mode;type:char(1);not null"`
	Active   string `gorm:"column:active;type:char(1);not null"`
}

// TableName is the table of the flights schema.
func (Airline) TableName() string { return "airlines" }
