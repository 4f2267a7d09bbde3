@NullMarked
package io.plinth.dbproxy.sql;

import org.jspecify.annotations.NullMarked;
