# What is included instead of the rules where src/rules.sh has refused and said
# why.  The first line ends GNU make, the second bmake.
STOP := $(error nothing was done)
.error nothing was done
