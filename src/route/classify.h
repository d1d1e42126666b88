// classify.h: arithmetic that training and serving share. Private to route.
#ifndef ROUTE_CLASSIFY_H
#define ROUTE_CLASSIFY_H
#include "route/route.h"

double exp_plain(double x);    // x below 700
void softmax_plain(double *p); // over TASK_COUNT
#endif
