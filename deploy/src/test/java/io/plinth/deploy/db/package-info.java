@NullMarked
package io.plinth.deploy.db;

import org.jspecify.annotations.NullMarked;
