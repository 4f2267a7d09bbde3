/** The records of the file's section that one root record would be too long for. */
@NullMarked
package io.plinth.lbproxy.config;

import org.jspecify.annotations.NullMarked;
