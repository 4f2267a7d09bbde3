@NullMarked
package io.plinth.dbproxy;

import org.jspecify.annotations.NullMarked;
