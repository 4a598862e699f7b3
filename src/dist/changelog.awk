# changelog.awk: a package's changelog, of CHANGELOG.md.
#
#   awk -v form=deb -f src/dist/changelog.awk src/dist/CHANGELOG.md
#
# form is deb or rpm.

BEGIN {
	who = "tlsoff maintainers <tlsoff@localhost.invalid>"
	split("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec", months, " ")
	split("Sun Mon Tue Wed Thu Fri Sat", days, " ")
	split("0 3 2 5 0 3 5 1 4 6 2 4", shift, " ")
}

# Of the calendar's own rule: March begins the year.
function weekday(y, m, d) {
	if (m < 3)
		y--
	return days[(y + int(y / 4) - int(y / 100) + int(y / 400) + shift[m] + d) % 7 + 1]
}

function end_version() {
	if (form == "deb" && version != "")
		printf "\n -- %s  %s, %s %s %s 00:00:00 +0000\n", who,
		    weekday(y, m, d), date[3], months[m], y
}

/^## / {
	end_version()
	if (version != "")
		print ""
	version = $2
	gsub(/[()]/, "", $3)
	split($3, date, "-")
	y = date[1] + 0
	m = date[2] + 0
	d = date[3] + 0
	if (form == "deb")
		printf "tlsoff (%s-1) unstable; urgency=medium\n\n", version
	else
		printf "* %s %s %s %s %s - %s-1\n", weekday(y, m, d), months[m],
		    date[3], y, who, version
	next
}

version == "" || $0 == "" { next }

{
	gsub(/`/, "")
	if (form == "deb")
		sub(/^-/, "*")
	print (form == "deb" ? "  " : "") $0
}

END { end_version() }
