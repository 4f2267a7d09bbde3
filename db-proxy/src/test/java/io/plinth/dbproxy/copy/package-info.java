@NullMarked
package io.plinth.dbproxy.copy;

import org.jspecify.annotations.NullMarked;
