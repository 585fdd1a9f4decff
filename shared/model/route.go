package model

// Route is a row of routes: one airline flies from one airport to another.
//
// Airline, SrcAP and DstAP are the codes as published; the IDs next to them are null if OpenFlights knows no such row.
// Codeshare is "Y" or empty, Equipment a list of aircraft type codes separated by spaces. Source: OpenFlights routes.dat.
type Route struct {
	RID       int      `gorm:"column:rid;primaryKey;autoIncrement:false"`
	Airline   string   `gorm:"column:airline;size:8;not null"`
	ALID      *int     `gorm:"column:alid;index:routes_alid"`
	SrcAP     string   `gorm:"column:src_ap;size:8;not null;index:routes_src_ap_dst_ap,priority:1"`
	SrcAPID   *int     `gorm:"column:src_apid;index:routes_src_apid_dst_apid,priority:1"`
	DstAP     string   `gorm:"column:dst_ap;size:8;not null;index:routes_src_ap_dst_ap,priority:2"`
	DstAPID   *int     `gorm:"column:dst_apid;index:routes_src_apid_dst_apid,priority:2;index:routes_dst_apid"`
	Codeshare string   `gorm:"column:codeshare;size:1;not null"`
	Stops     int8     `gorm:"column:stops;type:tinyint;not null"`
	Equipment string   `gorm:"column:equipment;size:255;not null"`
	Carrier   *Airline `gorm:"belongsTo;foreignKey:ALID;references:ALID"`
	Source    *Airport `gorm:"foreignKey:SrcAPID;references:APID"`
	Dest      *Airport `gorm:"foreignKey:DstAPID;references:APID"`
}

// TableName is the table of the flights schema.
func (Route) TableName() string { return "routes" }
