# picture.awk: what a terminal showed, as an SVG.
#   sh tests/demo build/tlsoff | awk -f src/dist/picture.awk >src/dist/demo.svg
# The demo's first part: one host, from the question to what sendmail does.

BEGIN {
	size = 13; line_height = 18; char_width = 7.83; margin = 16
	columns = 100; rows = 0; width = 0
	colour["title"] = "#e5c07b"
	colour["command"] = "#ffffff"
	colour["added"] = "#98c379"
	colour["removed"] = "#e06c75"
	colour["plain"] = "#abb2bf"
}

/^== / { if (++parts > 1) exit }

parts == 1 {
	kind = "plain"
	if (/^== /) kind = "title"
	else if (/^\$ /) kind = "command"
	else if (/^\+/) kind = "added"
	else if (/^-/) kind = "removed"
	show($0, kind)
}

END {
	while (rows > 0 && text[rows] == "")
		rows--
	w = int(width * char_width + 2 * margin)
	h = rows * line_height + 2 * margin
	printf "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" role=\"img\">\n", w, h, w, h
	print "<title>tlsoff turns TLS off for one host: the diff, the proof from the map, what sendmail will do, and the list</title>"
	printf "<rect width=\"%d\" height=\"%d\" rx=\"6\" fill=\"#282c34\"/>\n", w, h
	printf "<g font-family=\"ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace\" font-size=\"%d\" xml:space=\"preserve\">\n", size
	for (i = 1; i <= rows; i++)
		if (text[i] != "")
			printf "<text x=\"%d\" y=\"%d\" textLength=\"%.0f\" lengthAdjust=\"spacingAndGlyphs\" fill=\"%s\">%s</text>\n", \
			    margin, margin + i * line_height - 5, \
			    shown[i] * char_width, colour[kinds[i]], text[i]
	print "</g>"
	print "</svg>"
}

function show(line, kind) {
	while (length(line) > columns) {
		row(substr(line, 1, columns), kind)
		line = substr(line, columns + 1)
	}
	row(line, kind)
}

function row(line, kind,    at, column, out, c) {
	out = ""
	column = 0
	for (at = 1; at <= length(line); at++) {
		c = substr(line, at, 1)
		if (c == "\t") {
			do out = out " "; while (++column % 8 != 0)
			continue
		}
		column++
		if (c == "&") c = "&amp;"
		else if (c == "<") c = "&lt;"
		out = out c
	}
	text[++rows] = out
	shown[rows] = column
	kinds[rows] = kind
	if (column > width)
		width = column
}
