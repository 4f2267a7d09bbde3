$TTL 3600
@	SOA	ns1 hostmaster.@Z (
		2026112201 ; serial
		7200 1800 259200 900 )
	NS	ns1
	NS	ns2.@Z
	MX	10 mail
	TXT	"v=spf1 mx -all; really" "and ( more"
	CAA	0 issue "ca.example.net"
ns1	A	192.0.2.201
ns2	86400 A	192.0.2.202
mail	AAAA	2001:db8::25
www	600/10	DYNA	geoip!www ; all of them
www-fra	600	DYNA	geoip!www/fra
cdn	300/60	DYNC	geoip!cdn
auto	300/300	DYNA	geoip!auto
office	300/300	DYNA	geoip!office
pair	120/30	DYNA	simplefo!pair
both	IN 120/120	DYNA	simplefo!both
both	MX	10 mail
farm	180	DYNA	multifo!farm
farm2	60/60	DYNA	multifo!farm
few	1h	DYNA	multifo!few
shares	90/90	DYNA	weighted!shares
names	90/90	DYNC	weighted!names
groups	90/90	DYNA	weighted!groups
chain	90/90	DYNC	metafo!chain
second	DYNA	metafo!second
fixed	45/45	DYNA	static!fixed
alias	45/45	DYNC	static!elsewhere
zeros	45/45	DYNA	null
mirror	45	DYNA	reflect!best
*.wild	45/45	DYNA	static!fixed
plain	CNAME	www
$INCLUDE inc/more sub
$ORIGIN deep
x	A	192.0.2.77
