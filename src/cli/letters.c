/*
 * The letters of Srv_Features in words.  A capital takes a feature away, a
 * small letter gives it; what stands here was seen on 8.17.1, F, G, O and U
 * with their fixes of 2024.
 */
#include <string.h>

#include "explain.h"

static const struct letter {
	char letter;
	const char *words;
} letters[] = {
	{ 'A', "AUTH is not offered" },
	{ 'a', "AUTH is offered" },
	{ 'B', "VERB is not offered" },
	{ 'b', "VERB is offered" },
	{ 'C', "plain text AUTH is allowed without a security layer" },
	{ 'c', "plain text AUTH needs a security layer" },
	{ 'D', "DSN is not offered" },
	{ 'd', "DSN is offered" },
	{ 'E', "ETRN is not offered" },
	{ 'e', "ETRN is offered" },
	{ 'F', "commands sent before the greeting are let pass" },
	{ 'f', "commands sent before the greeting are refused" },
	{ 'G', "a bare LF is accepted" },
	{ 'g', "a bare LF is refused (g2: made a blank)" },
	{ 'L', "AUTH is not required" },
	{ 'l', "AUTH is required" },
	{ 'n', "PIPELINING is not offered" },
	{ 'O', "a message may end otherwise than by CR LF . CR LF" },
	{ 'o', "a message ends by CR LF . CR LF only" },
	{ 'P', "PIPELINING is not offered" },
	{ 'p', "PIPELINING is offered" },
	{ 'R', "no client certificate is requested" },
	{ 'r', "a client certificate is requested" },
	{ 'S', "STARTTLS is not offered" },
	{ 's', "STARTTLS is offered" },
	{ 'U', "a bare CR is accepted" },
	{ 'u', "a bare CR is refused (u2: made a blank)" },
	{ 'V', "no client certificate is requested" },
	{ 'v', "a client certificate is requested" },
	{ 'X', "EXPN and VERB are not offered" },
	{ 'x', "EXPN is offered" },
};

const char *
letter_words(char letter)
{
	for (size_t i = 0; i < sizeof(letters) / sizeof(letters[0]); i++)
		if (letters[i].letter == letter)
			return letters[i].words;
	return NULL;
}
