@NullMarked
package io.plinth.dbproxy.database;

import org.jspecify.annotations.NullMarked;
